"""The colours of figures, by what they mean. No other file knows a colour."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Theme:
    """One set of colours, as #rrggbb. `marked` themes tell value and gradient apart without colour, too."""

    paper: str
    ink: str
    muted: str  # boxes, notes
    value: str
    gradient: str
    local: str
    gate: str  # the inside of a gate
    folded: str  # the inside of a gate that holds others
    highlight: str  # the inside of the gate at work
    highlight_edge: str

    def css(self) -> dict[str, str]:
        """The colours as CSS variables of a page."""
        return {f"--{name.replace('_', '-')}": colour for name, colour in asdict(self).items()}


THEMES = {
    "lecture": Theme(
        paper="#ffffff",
        ink="#1b1f24",
        muted="#6b7280",
        value="#15803d",
        gradient="#c81e1e",
        local="#1d4ed8",
        gate="#ffffff",
        folded="#f1f5f9",
        highlight="#fef08a",
        highlight_edge="#a16207",
    ),
    # Blue and orange of Okabe and Ito (2008), darkened for text; apart in grey too: the gradient prints darker.
    "print": Theme(
        paper="#ffffff",
        ink="#000000",
        muted="#595959",
        value="#0072b2",
        gradient="#8a3800",
        local="#5a5a5a",
        gate="#ffffff",
        folded="#eeeeee",
        highlight="#d9d9d9",
        highlight_edge="#000000",
    ),
    "dark": Theme(
        paper="#14171c",
        ink="#f3f4f6",
        muted="#9ca3af",
        value="#4ade80",
        gradient="#ff8a80",
        local="#93c5fd",
        gate="#1f242c",
        folded="#2b323d",
        highlight="#854d0e",
        highlight_edge="#fde047",
    ),
}


def theme(name: str | Theme) -> Theme:
    """The theme of that name, or the Theme itself.

    >>> theme("lecture").paper
    '#ffffff'
    """
    if isinstance(name, Theme):
        return name
    try:
        return THEMES[name]
    except (KeyError, TypeError):
        raise ValueError(f"the theme is {name!r}; expected one of {', '.join(THEMES)}, or a Theme.") from None
