"""Whose job is next: fair between users, priority 5 first, and nobody waits for ever.

Every job gets a fixed place when it is accepted, so that a claim only takes the smallest one, whatever the length of
the queue. The rule is start-time fair queueing with a head start per level of priority:

    turn = max(turn that is being served, 1 + the newest turn of the same user at this or a higher priority)
    rank = turn - HEAD_START * (priority - 1)

A user with 9,900 waiting jobs holds 9,900 turns in a row; a newcomer gets the turn that is being served and so starts
next. A priority that is one level higher overtakes `HEAD_START` turns and no more: that is the ageing. It counts jobs
started, not hours, since a wall clock may jump.

Source: Goyal, Vin, Cheng 1996, Start-time Fair Queuing, https://doi.org/10.1145/248156.248171
"""

HEAD_START = 10
HIGHEST_PRIORITY = 5


def queue_place(*, serving_turn: int, own_newest_turn: int | None, priority: int) -> tuple[int, int]:
    """Turn and rank of a new job.

    Args:
        serving_turn: The greater of the newest turn among running jobs and that of the next waiting one; where there is
            neither, the newest turn of all jobs; 0 for the very first.
        own_newest_turn: Newest turn among all jobs, ended ones too, of the same user at this or a higher priority.
        priority: 1..5, 5 first.

    Returns:
        Turn, and rank (smaller is sooner; ties go by age).
    """
    turn = serving_turn if own_newest_turn is None else max(serving_turn, own_newest_turn + 1)
    return turn, turn - HEAD_START * (priority - 1)
