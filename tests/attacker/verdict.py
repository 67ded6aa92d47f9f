"""When a cell counts as disclosed: guarantee G3 of the release policy, and the same for the pupils outside.

A cell is a number of pupils of a group of public size. It is protected if it is truly below ten, or leaves
fewer than ten of its group outside. For a group that is itself small the public roll says already that the
number is small: there the attacker must have learned something beyond the roll.
"""

PROTECTED = 10


def disclosed(truth, size, least, most):
    """What an attacker who knows `least..most` has won of a cell of `truth` out of `size` pupils.

    Returns a list of words: `pinned`, `known to exist`, `below nine`, `few values`, each with `outside `
    before it where it is about the pupils of the group that are not in the cell; empty if nothing."""
    won = []
    if truth < PROTECTED:
        won += _won(size, least, most)
    if size - truth < PROTECTED and truth <= size:
        won += ["outside " + word for word in _won(size, size - most, size - least)]
    return won


def _won(size, least, most):
    """The four parts of G3, for a number that is truly below ten."""
    won = []
    widest = min(PROTECTED - 1, size)
    if least == most:
        won.append("pinned")
    if least >= 1 and most < PROTECTED:
        won.append("known to exist")
    if most < widest:
        won.append("below nine")
    if most - least + 1 < min(PROTECTED - 1, size + 1):
        won.append("few values")
    return won
