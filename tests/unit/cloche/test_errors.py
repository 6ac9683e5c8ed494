"""The error tree."""

from __future__ import annotations

from cloche import errors


def every_class(cls: type[errors.ClocheError] = errors.ClocheError) -> list[type[errors.ClocheError]]:
    """The whole tree."""
    return [cls, *(found for child in cls.__subclasses__() for found in every_class(child))]


def test_every_code_belongs_to_one_class_and_is_drawn_in_the_tree() -> None:
    codes = [cls.code for cls in every_class()]
    assert len(set(codes)) == len(codes)
    for cls in every_class():
        assert cls.__name__ in (errors.__doc__ or "")


def test_every_error_says_what_to_do_next() -> None:
    for cls in every_class():
        if cls not in (errors.ClocheError, errors.Aborted):
            assert cls("x").info().action


def test_an_error_comes_back_from_its_code() -> None:
    for cls in every_class():
        assert type(errors.from_code(cls.code, "x")) is cls


def test_an_unknown_code_is_kept() -> None:
    error = errors.from_code("brand_new", "It happened.")
    assert error.info().model_dump() == {
        "code": "brand_new",
        "message": "It happened.",
        "action": "Send the message again.",
        "retryable": True,
    }


def test_an_error_can_have_an_action_of_its_own() -> None:
    error = errors.Busy("x", action="Wait.", retryable=False)
    assert (error.info().action, error.info().retryable) == ("Wait.", False)
