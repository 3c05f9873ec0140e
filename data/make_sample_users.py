"""Makes sample_users.csv: 5,000 made-up people, the same at each run."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

PEOPLE = 5_000
NAMES = {
    "en": ["Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry"],
    "ru": ["Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Зоя"],
    "es": ["Álvaro", "Begoña", "Íñigo", "José", "Lucía", "Núria"],
    "ar": ["أحمد", "فاطمة", "يوسف", "ليلى"],
    "zh": ["李伟", "王芳", "张敏", "刘洋"],
    "ka": ["გიორგი", "ნინო", "დავით"],
}
SURNAMES = {
    "en": ["Miller", "O'Neil", "Smith-Jones", "Young"],
    "ru": ["Иванова", "Петров", "Ёлкина", "Щукин"],
}
CITIES = ["Omsk", "Tbilisi", "Madrid", "Berlin", "Almaty", "Belgrade"]
LEVELS = ["beginner", "middle", "advanced"]
STREAMS = ["3rd_stream", "4th_stream", "5th_stream"]
START = datetime(2025, 1, 1, 9, tzinfo=UTC)


def main() -> None:
    """Write the file beside this script."""
    chance = random.Random(42)
    header = "user_id username first_name last_name language_code registered_at stream status"
    rows = [row for number in range(PEOPLE) for row in person(chance, number)]
    with Path(__file__).with_name("sample_users.csv").open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow([*header.split(), "city", "level"])
        writer.writerows(rows)


def person(chance: random.Random, number: int) -> list[list[str]]:
    """One person's rows: one, or one for each stream."""
    language = chance.choices(list(NAMES), [30, 45, 10, 5, 5, 5])[0]
    name = "" if chance.random() < 0.03 else chance.choice(NAMES[language])
    username = "" if chance.random() < 0.2 else f"student_{number:05d}"
    registered = START + timedelta(minutes=chance.randrange(600 * 24 * 60))
    about = [
        str(700_000_000 + number * 37),
        username,
        name,
        chance.choice(SURNAMES.get(language, [""])),
        language,
        registered.isoformat(),
    ]
    attributes = [chance.choice(CITIES), chance.choice(LEVELS)]
    if chance.random() < 1 / 3:
        return [[*about, "", "", *attributes]]
    streams = chance.choices(STREAMS, [25, 45, 30])
    if chance.random() < 0.1:
        streams = chance.sample(STREAMS, 2)
    return [[*about, stream, "active", *attributes] for stream in sorted(streams)]


if __name__ == "__main__":
    main()
