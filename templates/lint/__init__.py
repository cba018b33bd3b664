"""What is wrong with a form, everything at once, before anybody fills it.

Staff edit forms in Word. Danger: a mistake that is told one at a time is put right once and given up on; one that is
not told stands before a client. Invariant: `templates.lint.check` looks at everything it can still read, says for each
remark where it is and what to do, and quotes the words of the *form* only. What must not be in a published form blocks;
what a person should look at warns.

Each module looks at one thing: `tags`, `fields`, `pictures`, `wording`, `reading`, `baggage`; `repair` puts right
what a machine can.
"""
