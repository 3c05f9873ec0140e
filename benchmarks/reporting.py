"""The tables of the load: waits, memory and pace, faults, and errors with what explains them."""

from benchmarks import watching
from benchmarks.colleagues import Colleagues, Trouble
from benchmarks.watching import Watch, Window

COLD = 30.0  # seconds from the beginning in which the pages fill their caches


def show_waits(colleagues: Colleagues, watch: Watch, began: float) -> None:
    """What people waited for their pages."""
    print("\nPages, seconds from the asking to the script's end       n    p50    p95   worst")
    cold = [r for r in colleagues.finished if r.at < began + COLD]
    later = [r for r in colleagues.finished if r.at >= began + COLD]
    quiet = [r for r in later if watch.is_quiet(r.at, r.at + r.seconds)]
    rows = {name: [r for r in quiet if r.page == name] for name in sorted({r.page for r in quiet})}
    rows["all, outside of faults"] = quiet
    if watch.windows:
        kept = set(map(id, quiet))
        rows["all, during faults"] = [r for r in later if id(r) not in kept]
    rows[f"all, in the first {COLD:.0f} s"] = cold
    for name, runs in rows.items():
        count, p50, p95, worst = watching.waits(runs)
        print(f"  {name:<50} {count:5} {p50:6.2f} {p95:6.2f} {worst:7.2f}")
    slowest = sorted(later, key=lambda r: -r.seconds)[:3]
    told = (f"{r.page} {r.seconds:.1f} s at {r.at - began:.0f} s" for r in slowest)
    print(f"  slowest: {', '.join(told)}")


def show_memory(watch: Watch, began: float, every: float) -> None:
    """Memory and pace, step by step, and whether memory stays as it is."""
    print("\nMinute    web MiB   scheduler MiB   accepted")
    end, due = watch.accepted[-1][0], began
    for at, count in watch.accepted:
        if at < due and at != end:
            continue
        due = at + every
        now = {weight.name: weight.mib for weight in watch.weights if weight.at == at}
        print(
            f"{(at - began) / 60:6.1f} {now.get('web', 0):10.0f} "
            f"{now.get('scheduler', 0):15.0f} {count:10,}"
        )
    for one in watching.growths(watch.weights):
        print(
            f"  {one.name}: {one.first:.0f} MiB at its start, {one.last:.0f} at the end; once warm "
            f"{one.slope:+.2f} MiB a minute over {one.seconds:.0f} s: {one.verdict}"
        )


def show_faults(windows: list[Window], began: float) -> None:
    """Each fault: when, how long, what was sent in it, how soon all worked again."""
    if windows:
        print("\nFault                      at, s  lasted, s  well again, s  sent in it  in flight")
    for window in windows:
        undone = window.ended - window.began - window.back_after
        print(
            f"  {window.name:<24} {window.began - began:7.0f} {undone:10.1f} "
            f"{window.back_after:14.1f} {window.sent:11,} {window.in_flight:10}"
        )


def show_troubles(troubles: list[Trouble], watch: Watch, began: float) -> None:
    """Every kind of error that was seen, how often, and what explains it."""
    kinds: dict[tuple[str, str, str], list[float]] = {}
    for one in troubles:
        key = (watch.explained(one) or "NOTHING", one.where, one.words[:140])
        kinds.setdefault(key, []).append(one.at)
    print("\nErrors seen: explained by, where, words, how often, first" if kinds else "\nNo error")
    for (why, where, words), times in sorted(kinds.items()):
        print(f"  {why:<26} {where:<5} {words}  × {len(times)}, at {min(times) - began:.0f} s")
