"""M2."""

#: Everybody begins with a fan-out to so many: three batches, so that both workers are warm, and no table is new.
WARMING = 2_500
