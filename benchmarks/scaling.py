"""What many bots and many recipients need: ticks of real senders, without the network.

    python -m benchmarks.scaling [SECONDS]

Each simulated bot does what a scheduler does at 30 messages a second: every 60 ms, a tick of the
real code on a real database records the last outcomes and writes the next intents. Two processes
tick for their bots whenever each is due. Prints how many messages left of those that should have,
and how long a tick took.
"""

import multiprocessing
import sys
import tempfile
import time

from sqlalchemy import select

from benchmarks.common import on_postgresql
from hsl import database, models
from hsl.delivery import outbox, pace, starting, tick
from hsl.delivery.outcome import Outcome, Verdict
from hsl.delivery.sender import TICK
from hsl.message.content import Content

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
RATE = 30.0 * pace.MARGIN  # messages per second of a bot
PEOPLE = int(30 * (SECONDS + 5))  # of a bot
PROCESSES = 2
Answers = "multiprocessing.Queue[tuple[int, list[float]]]"
SENT = Outcome(Verdict.SENT, telegram_message_id=5)


def fill(address: str, bots: int) -> None:
    """A message of each bot to people of its own."""
    engine = database.open_engine(address)
    database.migrate(engine)
    people = models.users.c
    with engine.begin() as connection:
        for bot in range(bots):
            connection.execute(
                models.users.insert(),
                [
                    {
                        "user_id": bot * PEOPLE + place + 1,
                        "username": f"user_{place}",
                        "attributes": {},
                        "updated_at": models.utc_now(),
                    }
                    for place in range(PEOPLE)
                ],
            )
    for bot in range(bots):
        own = people.user_id.between(bot * PEOPLE + 1, (bot + 1) * PEOPLE)
        outbox.create(
            engine,
            outbox.NewMessage(
                content=Content(text="Hello"),
                people=select(people.user_id, people.username).where(own),
                author="benchmark",
                bot_id=bot + 1,
                recipient_type=models.RecipientType.GROUP,
            ),
        )
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: select())
    engine.dispose()


def work(address: str, bots: list[int], answers: Answers) -> None:
    """One process: ticks for its bots, each when it is due, for SECONDS."""
    engine = database.open_engine(address)
    name, rhythm = f"w{bots[0]}", pace.Rhythm(RATE)
    results: dict[int, list[tick.Result]] = {bot: [] for bot in bots}
    due = {bot: time.monotonic() + TICK * place / len(bots) for place, bot in enumerate(bots)}
    sent, took, end = 0, [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        bot = min(due, key=due.__getitem__)
        time.sleep(max(0.0, due[bot] - time.monotonic()))
        began = time.monotonic()
        with engine.begin() as connection:
            tick.record(connection, results[bot], worker=name, bot_id=bot, rhythm=rhythm)
            left = tick.depart(
                connection, worker=name, bot_id=bot, rhythm=rhythm, horizon=TICK, most=100
            )
        took.append(time.monotonic() - began)
        sent += len(left)
        results[bot] = [tick.Result(d, SENT, models.utc_now()) for d in left]
        due[bot] = max(due[bot] + TICK, time.monotonic())
    answers.put((sent, took))


def simulate(address: str, bots: int) -> None:
    """So many bots for SECONDS, over two processes."""
    fill(address, bots)
    answers: Answers = multiprocessing.Queue()
    shares = [s for s in (list(range(1 + p, bots + 1, PROCESSES)) for p in range(PROCESSES)) if s]
    processes = [multiprocessing.Process(target=work, args=(address, s, answers)) for s in shares]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    sent = sum(count for count, _ in found)
    took = sorted(seconds for _, times in found for seconds in times)
    wanted = bots * RATE * SECONDS
    print(
        f"  {bots:>4} bots: {sent / SECONDS:6,.0f} messages/s, {sent / wanted:6.1%} of them due; "
        f"a tick takes {1000 * took[len(took) // 2]:.1f} ms (p50), "
        f"{1000 * took[int(len(took) * 0.99)]:.1f} (p99); {len(took) / SECONDS:,.0f} ticks/s",
        flush=True,
    )


if __name__ == "__main__":
    print(f"{multiprocessing.cpu_count()} cores, {PROCESSES} processes, {SECONDS:.0f} s each")
    for number in (1, 3, 10, 30):
        with tempfile.TemporaryDirectory() as folder:
            print("SQLite", end="")
            simulate(f"sqlite:///{folder}/hsl.db", number)
    for number in (1, 3, 10, 30, 100):
        print("PostgreSQL", end="")
        on_postgresql(lambda address, number=number: simulate(address, number))
