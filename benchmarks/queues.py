"""Job queues of others on PostgreSQL: jobs a second that do nothing.

Run by `benchmarks.outbox` with the interpreter of the peers' own virtual environment:
    python benchmarks/queues.py ADDRESS
"""

import asyncio
import logging
import sys
import time

import asyncpg

ADDRESS = sys.argv[1]
logging.disable(logging.WARNING)


async def procrastinate_jobs(jobs: int = 2_000) -> float:
    """procrastinate with thirty jobs at once."""
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=ADDRESS))

    @app.task(name="nothing")
    async def nothing() -> None:
        return None

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await nothing.batch_defer_async(*({} for _ in range(jobs)))
        began = time.monotonic()
        await app.run_worker_async(wait=False, concurrency=30, install_signal_handlers=False)
        return jobs / (time.monotonic() - began)


async def pgqueuer_jobs(jobs: int = 20_000) -> float:
    """pgqueuer with batches of 100."""
    from pgqueuer import AsyncpgDriver, PgQueuer, Queries
    from pgqueuer.models import Job
    from pgqueuer.types import QueueExecutionMode

    connection = await asyncpg.connect(ADDRESS)
    queue = PgQueuer(AsyncpgDriver(connection))
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()

    @queue.entrypoint("nothing")
    async def nothing(_job: Job) -> None:
        return None

    await queries.enqueue(["nothing"] * jobs, [None] * jobs, [0] * jobs)
    began = time.monotonic()
    await queue.qm.run(batch_size=100, mode=QueueExecutionMode.drain)
    return jobs / (time.monotonic() - began)


for name, run in (("procrastinate", procrastinate_jobs), ("pgqueuer", pgqueuer_jobs)):
    print(f"  {name:<14} {asyncio.run(run()):8,.0f} jobs/s", flush=True)
