"""The bus. An event's path through this package, a module per step:

1. publish.py   validate the event, write its log row and its handler runs in the caller's transaction, wake
2. work.py      LeasedWork: the state machine of everything that is owed
3. handle.py    call the handler, record what came of it
   drain.py     take due work and do it until none is due
   queue.py     the only door to django-q2; broker.py hands out drains from the work tables
9. cleanup.py   delete what has expired and is owed to nobody

Promised: at least once per handler; effects in this database exactly once; nothing owed is ever deleted.
The public faces, kept by import-linter:

events.bus        publish, declare, subscribe: all that most apps need
events.work       LeasedWork, for apps that owe something themselves
events.record     log an event that is dealt with on the spot
events.queue      wake a lane
events.retention  Expiring, for rows that say when they may go
events.sql        statements, and what the database takes
events.conf       settings
events.listing    lists of big tables in the admin: read-only, countable, searched by index
events.testing    work off what is due, in a test
"""
