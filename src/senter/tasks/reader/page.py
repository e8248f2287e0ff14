"""The text of a page of HTML that a person would see."""

import re
from typing import Any

from senter.tasks.reader.text import UNSEEN, Unreadable
from senter.wording import one_line, shortened

LARGEST_ARTICLE = 500_000
"""Characters of HTML in which the article is looked for; of more, all text is taken."""
LARGEST_STYLE = 200_000

_NOT_TEXT = (
    *("script", "style", "noscript", "template", "svg", "head", "object", "iframe", "canvas", "audio", "video"),
    *("datalist", "noframes", "noembed", "select", "math"),
)
_BLOCKS = "p div br li tr h1 h2 h3 h4 h5 h6 pre blockquote section article table ul ol dd dt".split()  # noqa: SIM905

_HIDES = re.compile(r"display\s*:\s*none|(?<![\w-])visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_ZERO = r"(?:0+\.?0*|\.0+)(?:px|pt|r?em|ex|ch|%|vw|vh)?\s*(?:;|!|$)"
_HIDES_HERE = re.compile(
    rf"(?<![\w-])opacity\s*:\s*0*(?:\.0\d*)?\s*(?:;|!|$)|font-size\s*:\s*(?:{_ZERO}|1px)"
    r"|(?<![\w-])color\s*:\s*(?:transparent|rgba\([^)]*,\s*0*\.?0*\s*\))"
    r"|clip(?:-path)?\s*:\s*(?:rect\(\s*[01](?:px)?[\s,]|inset\(\s*(?:50|100)%|circle\(\s*0)"
    r"|(?<![\w-])(?:text-indent|left|right|top|bottom|margin-left)\s*:\s*-\d{3,}"
    r"|transform\s*:\s*scale[xy]?\(\s*0\s*[,)]",
    re.IGNORECASE,
)
_CUT_TO_NOTHING = re.compile(rf"(?<![\w-])(?:max-)?(?:width|height)\s*:\s*(?:{_ZERO}|1px)", re.IGNORECASE)
_OVERFLOW = re.compile(r"overflow(?:-[xy])?\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_COLOUR = re.compile(r"(?<![\w-])(color|background(?:-color)?)\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_AT_RULE = re.compile(r"@[^{};]{1,500}\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[^{};]{1,500};")
_SIMPLE = re.compile(r"[a-z0-9]*([.#][\w-]{1,100})", re.IGNORECASE)


def page_of(text: str) -> tuple[str, str]:
    """The title of a page and its text: its article; of a page without one, all that can be seen.

    Left out is what its own attributes and the simple rules of its style sheets hide: not shown, of no size,
    outside of the page, in the colour of its background. What takes a browser to find out (other style sheets,
    scripts, inherited colours) stays in. Raises Unreadable for what has no structure at all.
    """
    from lxml import etree, html  # type: ignore[import-untyped]

    # huge_tree off: libxml2 refuses nesting and texts that are made to harm
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    # lone surrogates and most marks that act are no text for libxml2
    encoded = UNSEEN.sub("", text).encode(errors="replace")
    try:
        root = html.document_fromstring(encoded, parser=parser) if encoded.strip() else None
    except etree.ParserError:
        return "", ""
    except (etree.LxmlError, ValueError, RecursionError) as error:
        raise Unreadable("page") from error
    if root is None:
        return "", ""
    title = _title(root)
    _drop_hidden(root)
    if len(text) <= LARGEST_ARTICLE and (article := _article(root)):
        return title, article
    return title, _visible(root)


def _article(root: Any) -> str:
    """The article of a page, or nothing."""
    import trafilatura

    try:
        # not fast, it would compare with two other ways, for which it loads lists of words of a hundred languages
        found = trafilatura.extract(
            root, fast=True, include_comments=False, include_formatting=True, deduplicate=True
        )
        return str(found or "")
    except (RecursionError, ValueError):
        return ""


def _title(root: Any) -> str:
    found = root.find(".//title")
    return "" if found is None else shortened(one_line(UNSEEN.sub("", "".join(found.itertext()))))


def _drop_hidden(root: Any) -> None:
    """Take out of a page what cannot be seen; ``html`` and ``body`` stay, which scripts show later."""
    classes = _hidden_by_sheets("".join(style.text or "" for style in root.iter("style"))[:LARGEST_STYLE])
    for element in list(root.iter()):
        if element.tag not in ("html", "body") and _is_hidden(element, classes):
            element.clear(keep_tail=True)


def _is_hidden(element: Any, classes: frozenset[str]) -> bool:
    if element.tag in _NOT_TEXT or "hidden" in element.attrib:
        return True
    if element.tag == "dialog" and "open" not in element.attrib:
        return True
    if classes:
        names = [f".{name}" for name in element.get("class", "").split()]
        if not classes.isdisjoint([*names, f"#{element.get('id', '')}"]):
            return True
    style = _COMMENT.sub("", element.get("style", ""))
    if not style:
        return False
    if _HIDES.search(style) or _HIDES_HERE.search(style):
        return True
    return bool(_CUT_TO_NOTHING.search(style) and _OVERFLOW.search(style)) or _is_of_one_colour(style)


def _is_of_one_colour(style: str) -> bool:
    """Whether text has the colour that is named as that of its background."""
    named = {key.casefold()[:10]: value.strip().casefold() for key, value in _COLOUR.findall(style)}
    return "color" in named and named["color"] == named.get("background")


def _hidden_by_sheets(sheets: str) -> frozenset[str]:
    """The classes (``.a``) and ids (``#a``) that a rule of style sheets hides by itself, on every medium."""
    found = set()
    for selectors, declarations in _RULE.findall(_AT_RULE.sub("", _COMMENT.sub("", sheets))):
        if _HIDES.search(declarations):
            simple = (_SIMPLE.fullmatch(selector.strip()) for selector in selectors.split(","))
            found |= {match.group(1) for match in simple if match}
    return frozenset(found)


def _visible(root: Any) -> str:
    """All text of a page, with its blocks apart."""
    from lxml import etree

    parts: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            parts.append(element.text or "")
        else:
            parts += ["\n\n" if element.tag in _BLOCKS else "", element.tail or ""]
    return "".join(parts)
