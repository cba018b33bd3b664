"""Every table of the register, and the triggers that make the audit log append-only."""

import django.db.models.deletion
import register.vocabulary
import rules.vocabulary
import uuid
from django.conf import settings
from django.db import migrations, models

from register.models.audit import APPEND_ONLY, FREE_AGAIN, run_script


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Staff',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('username', models.CharField(max_length=64, unique=True)),
                ('sealed_display_name', models.BinaryField()),
                ('roles', models.JSONField(default=list)),
                ('retired_at', models.DateTimeField(null=True)),
                ('added_at', models.DateTimeField()),
                ('failed_attempts', models.PositiveSmallIntegerField(default=0)),
                ('locked_until', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('sealed_identity', models.BinaryField()),
                ('birth_token', models.BinaryField(db_index=True, max_length=32)),
                ('added_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('only', models.PositiveSmallIntegerField(default=1, unique=True)),
                ('legal_name', models.TextField()),
                ('unit', models.TextField(blank=True)),
                ('address', models.JSONField(default=list)),
                ('phone', models.TextField(blank=True)),
                ('revocation_desk', models.TextField()),
                ('classes', models.JSONField(default=list)),
                ('time_zone', models.CharField(max_length=64)),
                ('consent_version', models.CharField(max_length=32)),
                ('training', models.BooleanField(default=False)),
                ('sealed_search_key', models.BinaryField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('only', 1)), name='one_agency')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=64)),
                ('verb', models.CharField(max_length=32)),
                ('object_type', models.CharField(max_length=16)),
                ('object_id', models.CharField(db_index=True, max_length=36)),
                ('details', models.JSONField(default=dict)),
                ('prev_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given'])), name='auditentry_verb_is_a_word')],
            },
        ),
        migrations.CreateModel(
            name='Object',
            fields=[
                ('id', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('area', models.CharField(max_length=16)),
                ('state', models.CharField(default=register.vocabulary.ObjectState['STAGED'], max_length=16)),
                ('version_id', models.CharField(blank=True, max_length=128)),
                ('sealed_sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('staged_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(null=True)),
                ('gone_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'staged_at'], name='objects_by_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(('area__in', ['working', 'records'])), name='object_area_is_a_word'), models.CheckConstraint(condition=models.Q(('state__in', ['staged', 'live', 'gone'])), name='object_state_is_a_word')],
            },
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('legal_name', models.TextField()),
                ('unit', models.TextField(blank=True)),
                ('address', models.JSONField(default=list)),
                ('kind', models.CharField(max_length=32)),
                ('predecessors', models.JSONField(default=list)),
                ('retired_on', models.DateField(null=True)),
                ('added_at', models.DateTimeField()),
                ('successor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_over', to='register.organization')),
            ],
        ),
        migrations.CreateModel(
            name='Packet',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('request_id', models.UUIDField(unique=True)),
                ('state', models.CharField(default=rules.vocabulary.PacketState['REQUESTED'], max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_holder', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(null=True)),
                ('not_before', models.DateTimeField(null=True)),
                ('failed_step', models.CharField(blank=True, max_length=32)),
                ('failed_code', models.CharField(blank=True, max_length=64)),
                ('opened_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(null=True)),
                ('issued_at', models.DateTimeField(null=True)),
                ('failed_at', models.DateTimeField(null=True)),
                ('stage_ms', models.JSONField(default=dict)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='packets', to='register.client')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('ref', models.CharField(max_length=14, unique=True)),
                ('position', models.PositiveSmallIntegerField()),
                ('form_id', models.CharField(max_length=64)),
                ('form_version', models.CharField(max_length=32)),
                ('retention_class', models.CharField(max_length=64)),
                ('language', models.CharField(max_length=8)),
                ('family', models.CharField(max_length=32)),
                ('signers', models.JSONField(default=list)),
                ('state', models.CharField(default=rules.vocabulary.StatementState['DRAFT'], max_length=32)),
                ('proof', models.CharField(default=rules.vocabulary.Proof['NONE'], max_length=32)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('sealed_draft', models.BinaryField()),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('pages', models.PositiveSmallIntegerField(default=0)),
                ('stamped_at', models.DateTimeField(null=True)),
                ('expires_on', models.DateField(null=True)),
                ('presented_at', models.DateTimeField(null=True)),
                ('signed_at', models.DateTimeField(null=True)),
                ('activated_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('sealing', models.CharField(default=register.vocabulary.SealingState['NONE'], max_length=16)),
                ('sealing_requested_at', models.DateTimeField(null=True)),
                ('sealing_lease_holder', models.CharField(blank=True, max_length=64)),
                ('sealing_lease_until', models.DateTimeField(null=True)),
                ('sealing_not_before', models.DateTimeField(null=True)),
                ('sealing_attempts', models.PositiveSmallIntegerField(default=0)),
                ('sealing_failed_step', models.CharField(blank=True, max_length=32)),
                ('sealing_failed_code', models.CharField(blank=True, max_length=64)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='register.client')),
                ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='register.organization')),
                ('packet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='register.packet')),
                ('working_object', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worked_by', to='register.object')),
            ],
        ),
        migrations.CreateModel(
            name='Signing',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.PositiveSmallIntegerField()),
                ('role', models.CharField(max_length=16)),
                ('capacity', models.CharField(max_length=32)),
                ('ink', models.CharField(max_length=16)),
                ('identified_how', models.CharField(blank=True, max_length=32)),
                ('shown_sha256', models.CharField(max_length=64)),
                ('resulting_sha256', models.CharField(max_length=64)),
                ('revision_shown', models.PositiveIntegerField()),
                ('signed_at', models.DateTimeField()),
                ('device', models.CharField(blank=True, max_length=64)),
                ('consent_version', models.CharField(blank=True, max_length=32)),
                ('viewed_pages', models.PositiveSmallIntegerField()),
                ('paper_offered', models.BooleanField()),
                ('certificate_sha256', models.CharField(max_length=64)),
                ('certificate_serial', models.CharField(max_length=64)),
                ('stamped', models.BooleanField()),
                ('staff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signings', to='register.statement')),
            ],
        ),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('document_sha256', models.CharField(max_length=64)),
                ('pages', models.PositiveSmallIntegerField()),
                ('proof', models.CharField(max_length=32)),
                ('retention_class', models.CharField(max_length=64)),
                ('retain_until', models.DateTimeField(null=True)),
                ('kept_at', models.DateTimeField()),
                ('object', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='record', to='register.object')),
                ('statement', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='record', to='register.statement')),
            ],
        ),
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=32)),
                ('target', models.CharField(max_length=32)),
                ('trigger', models.CharField(max_length=32)),
                ('machine', models.CharField(blank=True, max_length=32)),
                ('at', models.DateTimeField()),
                ('void_reason', models.CharField(blank=True, max_length=32)),
                ('sealed_reason', models.BinaryField(null=True)),
                ('staff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='register.statement')),
            ],
        ),
        migrations.CreateModel(
            name='Disclosure',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('categories', models.JSONField(default=list)),
                ('basis', models.CharField(max_length=32)),
                ('purpose', models.CharField(blank=True, max_length=64)),
                ('sealed_recipient_person', models.BinaryField(null=True)),
                ('disclosed_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='register.client')),
                ('staff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='register.organization')),
                ('statement', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='register.statement')),
            ],
        ),
        migrations.CreateModel(
            name='CopyGiven',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('method', models.CharField(max_length=16)),
                ('document_sha256', models.CharField(max_length=64)),
                ('given_at', models.DateTimeField()),
                ('staff', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='copies_given', to='register.statement')),
            ],
        ),
        migrations.CreateModel(
            name='NameToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.BinaryField(db_index=True, max_length=32)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='name_tokens', to='register.client')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'token'), name='name_token_once_a_client')],
            },
        ),
        migrations.AddConstraint(
            model_name='organization',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['parole', 'probation', 'court', 'prosecutor', 'jail', 'defender', 'housing', 'treatment', 'health_plan', 'payer', 'employer', 'school', 'family_services', 'government', 'legal', 'intermediary', 'other'])), name='organization_kind_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='organization',
            constraint=models.UniqueConstraint(fields=('legal_name', 'unit'), name='organization_named_once'),
        ),
        migrations.AddConstraint(
            model_name='organization',
            constraint=models.CheckConstraint(condition=models.Q(('successor__isnull', True), ('retired_on__isnull', False), _connector='OR'), name='only_the_retired_have_a_successor'),
        ),
        migrations.AddIndex(
            model_name='packet',
            index=models.Index(condition=models.Q(('state__in', ['requested', 'issuing'])), fields=['opened_at'], name='packets_waiting'),
        ),
        migrations.AddConstraint(
            model_name='packet',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'issuing', 'issued', 'failed', 'withdrawn'])), name='packet_state_is_a_word'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(condition=models.Q(('sealing__in', ['requested', 'sealing'])), fields=['sealing_requested_at'], name='statements_to_seal'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['client', 'family', 'state'], name='statements_of_client'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'presented', 'active', 'suspended', 'declined', 'void', 'revocation_requested', 'revoked', 'expired', 'superseded', 'known_false'])), name='statement_state_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('proof__in', ['none', 'partial', 'sealed_without_time', 'sealed'])), name='statement_proof_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('sealing__in', ['none', 'requested', 'sealing', 'sealed', 'failed'])), name='statement_sealing_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('language__in', ['en', 'es'])), name='statement_language_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('family__in', ['specific', 'criminal_justice', 'acknowledgment', 'tpo', 'legal_proceeding', 'payer', 'consultation', 'counseling_notes', 'hiv', 'group_agreement', 'revocation', 'electronic_records', 'records_transfer'])), name='statement_family_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('packet', 'position'), name='statement_place_in_packet'),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['org_cert', 'client', 'representative', 'interpreter', 'witness', 'org_seal'])), name='signing_role_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__in', ['client', 'parent', 'guardian', 'personal_representative'])), name='signing_capacity_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('ink__in', ['drawn', 'typed', 'mark'])), name='signing_ink_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('identified_how__in', ['', 'photo_id', 'corrections_id', 'benefit_card', 'known_personally', 'vouched_for', 'one_time_code'])), name='signing_identified_how_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.UniqueConstraint(fields=('statement', 'role'), name='one_act_a_role'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['proof', 'kept_at'], name='records_by_proof'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('proof__in', ['none', 'partial', 'sealed_without_time', 'sealed'])), name='record_proof_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['draft', 'presented', 'active', 'suspended', 'declined', 'void', 'revocation_requested', 'revoked', 'expired', 'superseded', 'known_false'])), name='move_source_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.CheckConstraint(condition=models.Q(('target__in', ['draft', 'presented', 'active', 'suspended', 'declined', 'void', 'revocation_requested', 'revoked', 'expired', 'superseded', 'known_false'])), name='move_target_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['own_copy', 'consent', 'emergency', 'court_order'])), name='disclosure_basis_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='copygiven',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['paper', 'file', 'refused'])), name='copygiven_method_is_a_word'),
        ),
        migrations.RunPython(run_script(APPEND_ONLY), run_script(FREE_AGAIN)),
    ]
