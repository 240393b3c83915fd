"""A letter's two forms: plain text, and HTML with its styles inlined (many mail clients read no style sheet)."""

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from shared.messages.letter import Letter


class Renderer:
    """Renders letters; the HTML template escapes all that it is given."""

    def __init__(self) -> None:
        templates = Environment(
            loader=PackageLoader("shared.messages"),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._text = templates.get_template("message.txt")
        self._html = templates.get_template("message.html")
        # The rules for dark mode cannot be inlined; they stay in a style sheet of their own.
        self._inliner = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)

    def text(self, letter: Letter) -> str:
        """Return the plain text."""
        return self._text.render(letter=letter)

    def html(self, letter: Letter) -> str:
        """Return the page."""
        return self._inliner.inline(self._html.render(letter=letter))
