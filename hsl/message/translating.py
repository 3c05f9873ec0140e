"""Writing a content in its languages, one at a time: what is seen, and how it is put back."""

from hsl import languages
from hsl.message.content import Content, Translation


def seen(content: Content, code: str) -> Content:
    """The content in the language `code` alone, as it is written; an empty code is the default."""
    return content.for_language(code or None)


def put(content: Content, code: str, written: Content) -> Content:
    """The content with what was written in one language; kind and file are of all of them.

    A translation's buttons stay the default's until they are made others.
    """
    file = {"message_type": written.message_type, "file_id": written.file_id}
    if code not in content.translations:
        return content.model_copy(update={**file, "text": written.text, "buttons": written.buttons})
    before = content.translations[code].buttons
    is_own = before is not None or written.buttons != content.buttons
    said = Translation(text=written.text, buttons=written.buttons if is_own else None)
    return content.model_copy(update={**file, "translations": {**content.translations, code: said}})


def add(content: Content, code: str, *, default: str, copied: bool = True) -> Content:
    """The content with one more language, which begins with the default's text if `copied`.

    `default` says in which language the text so far is.
    """
    code = languages.normalised(code)
    said = content.translations | {code: Translation(text=content.text if copied else "")}
    return content.model_copy(
        update={
            "default_language": languages.normalised(default),
            "translations": {one: said[one] for one in sorted(said)},
        }
    )


def remove(content: Content, code: str) -> Content:
    """The content without this translation; its people get the default then."""
    kept = {one: said for one, said in content.translations.items() if one != code}
    return content.model_copy(update={"translations": kept})


def make_default(content: Content, code: str) -> Content:
    """The content with this translation as its default, and the default as a translation.

    Raises ValueError where nobody said which language the default is.
    """
    if not content.default_language:
        raise ValueError("the default has no language's code, so that it cannot be a translation")
    said = content.translations[code]
    buttons = content.buttons if said.buttons is None else said.buttons
    others = remove(content, code).translations
    others = {
        one: other.model_copy(update={"buttons": content.buttons})
        if other.buttons is None and buttons != content.buttons
        else other
        for one, other in others.items()
    }
    own = None if buttons == content.buttons else content.buttons
    others[content.default_language] = Translation(text=content.text, buttons=own)
    return content.model_copy(
        update={
            "text": said.text,
            "buttons": buttons,
            "default_language": code,
            "translations": {one: others[one] for one in sorted(others)},
        }
    )


def with_default_buttons(content: Content, code: str) -> Content:
    """The content with the default's buttons under this translation, also when those change."""
    said = content.translations[code].model_copy(update={"buttons": None})
    return content.model_copy(update={"translations": {**content.translations, code: said}})


def with_texts(content: Content, text: str, texts: dict[str, str]) -> Content:
    """The content with other words, by code; where there are none for a language, as before."""
    return content.model_copy(
        update={
            "text": text,
            "translations": {
                code: said.model_copy(update={"text": texts.get(code, said.text)})
                for code, said in content.translations.items()
            },
        }
    )
