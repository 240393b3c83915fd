"""A letter's forms: plain text, HTML with its styles inlined (many clients read no style sheet), and its images."""

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from msgspec import Struct

from shared.messages.images import Image
from shared.messages.letter import Letter
from shared.messages.transfers import draw_code


class Rendered(Struct, frozen=True):
    """A letter that can leave; `html` shows the images by their cids."""

    text: str
    html: str
    images: tuple[Image, ...]


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

    def render(self, letter: Letter) -> Rendered:
        """Return all forms of a letter."""
        images = self.images(letter)
        return Rendered(self.text(letter), self._page(letter, {image.cid for image in images}), images)

    def text(self, letter: Letter) -> str:
        """Return the plain text."""
        return self._text.render(letter=letter)

    def html(self, letter: Letter) -> str:
        """Return the page."""
        return self._page(letter, {image.cid for image in self.images(letter)})

    def images(self, letter: Letter) -> tuple[Image, ...]:
        """Return the QR codes of the letter's payments; what does not fit in one has none."""
        drawn = ((payment.cid, draw_code(payment.transfer)) for payment in letter.payments if payment.cid)
        return tuple(Image(cid, png) for cid, png in drawn if png is not None)

    def _page(self, letter: Letter, codes: set[str]) -> str:
        return self._inliner.inline(self._html.render(letter=letter, codes=codes))
