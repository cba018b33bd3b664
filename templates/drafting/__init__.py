"""How the shipped Word forms are drafted: reviewable texts in, Word files out.

Purpose: `texts/<form_id>.<language>.yaml` holds every sentence of a form; the modules here set it in one typography and
write `templates/forms/<form_id>/<language>.docx`. Counsel reviews the texts, a designer reviews the typography, and the
difference between two versions of a form is a difference of text files. Afterwards staff may edit the Word file itself.

Danger: a form that says something false to a client, or that names who wrote it, its program or a machine in metadata.
Invariant: the same texts give the same parts, whoever drafts them and on whatever day (on one machine, the same bytes);
the files carry no author and no date of their making; a signature place is an inline picture with the alternative text
`sig:<role>` and an exact size.

`python -m templates.drafting` writes all forms again.
"""
