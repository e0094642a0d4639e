"""The inbox as it changes, for pages that are open.

The path of what happens: announce.py (engagement) says it, in the transaction that changes rows; `listen` hears it on
the one connection of this web process; `wanted` collects what has to be looked up; `look` reads it, all of it at once;
`hub` gives it to those who are connected; `client` is one of them; `stream` is what they are sent.
"""
