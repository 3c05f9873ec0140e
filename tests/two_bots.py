"""A house with two kept bots, school and club, of which the first one speaks."""

from cryptography.fernet import Fernet
from sqlalchemy import Engine, insert

from hsl import models, sealing
from hsl.settings import load_settings

SECRET = Fernet.generate_key().decode()
SCHOOL, CLUB = 101, 202


def keep(engine: Engine) -> None:
    """Keep both, their tokens sealed with SECRET; what `bots.add` writes, without Telegram."""
    settings = load_settings(HSL_SECRET_KEY=SECRET)
    with engine.begin() as connection:
        connection.execute(
            insert(models.bots),
            [
                {
                    "bot_id": bot_id,
                    "name": name,
                    "username": f"{name}_bot",
                    "sealed_token": sealing.seal(settings, f"{bot_id}:secret".encode()),
                    "in_use": bot_id == SCHOOL,
                    "added_at": models.utc_now(),
                }
                for bot_id, name in ((SCHOOL, "school"), (CLUB, "club"))
            ],
        )


def keep_a_photo_of_school(engine: Engine) -> None:
    """A picture in the library that the bot school alone can send."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.media_files).values(
                bot_id=SCHOOL, kind="photo", file_id="of-school", name="a.jpg",
                uploaded_by="anna", uploaded_at=models.utc_now(),
            )
        )  # fmt: skip
