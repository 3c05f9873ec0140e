"""From a stored message and a person to one Bot API call."""

from collections.abc import Mapping, Sequence
from typing import Any

from hsl.message import placeholders
from hsl.models import MessageType

# Of a kind that is a file; the argument that holds the file is named as the kind.
METHODS = {
    MessageType.PHOTO: "sendPhoto",
    MessageType.VIDEO: "sendVideo",
    MessageType.DOCUMENT: "sendDocument",
}


def payload(
    message_type: MessageType,
    text: str,
    file_id: str | None,
    buttons: Sequence[Sequence[Mapping[str, Any]]],
    person: Mapping[str, object],
    options: Mapping[str, Any] | None = None,
) -> tuple[str, dict[str, Any]]:
    """The method's name and its arguments, without `chat_id`."""
    written = placeholders.render(text, person)
    arguments: dict[str, Any] = {"parse_mode": "HTML", **(options or {})}
    if buttons:
        arguments["reply_markup"] = {
            "inline_keyboard": [[_button(button) for button in row] for row in buttons]
        }
    if message_type is MessageType.TEXT:
        return "sendMessage", {"text": written, **arguments}
    return METHODS[message_type], {message_type.value: file_id, "caption": written, **arguments}


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    if "copy_text" in button:
        return {"text": button["text"], "copy_text": {"text": button["copy_text"]}}
    return dict(button)
