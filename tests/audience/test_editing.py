"""A tree of conditions is changed in one place, and groups of one dissolve."""

from hsl.audience import conditions as c
from hsl.audience import editing

A, B, D, E = (c.InStream(streams=(name,)) for name in "abde")


def test_a_condition_joins_others() -> None:
    assert editing.joined(None, (), A, "all") == A
    both = editing.joined(A, (), B, "all")
    assert both == c.All(of=(A, B))
    assert editing.joined(both, (1,), D, "any") == c.All(of=(A, c.AnyOf(of=(B, D))))
    assert editing.joined(c.AnyOf(of=(A, B)), (), D, "all") == c.All(of=(c.AnyOf(of=(A, B)), D))
    assert editing.joined(c.AnyOf(of=(A, B)), (0,), D, "any") == c.AnyOf(of=(A, D, B))


def test_one_is_replaced_where_it_stands() -> None:
    tree = c.All(of=(A, c.Not(of=c.AnyOf(of=(B, D)))))
    assert editing.at(tree, (1, 0, 1)) == D
    assert editing.replaced(tree, (1, 0, 1), E) == c.All(of=(A, c.Not(of=c.AnyOf(of=(B, E)))))


def test_what_is_taken_away_takes_its_empty_groups_with_it() -> None:
    tree = c.All(of=(A, c.Not(of=c.AnyOf(of=(B, D)))))
    assert editing.replaced(tree, (1, 0, 1), None) == c.All(of=(A, c.Not(of=B)))
    assert editing.replaced(tree, (0,), None) == c.Not(of=c.AnyOf(of=(B, D)))
    assert editing.replaced(c.All(of=(A, c.Not(of=B))), (1, 0), None) == A
    assert editing.replaced(A, (), None) is None
