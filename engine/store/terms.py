"""What the search index knows of a text: words, and every two neighbouring characters of Chinese, Japanese, Korean.

Changing what these functions return means indexing everything again.
"""

import re
import unicodedata

# scripts that put no spaces between words: Han with its extensions, kana, bopomofo, hangul
_UNSPACED = "〆〇぀-ヿㄅ-ㄯㇰ-ㇿ㐀-䶿一-鿿가-힯豈-﫿\U00020000-\U000323af"
_RUN = re.compile(rf"([{_UNSPACED}]+)|([^\W_{_UNSPACED}]+)")
LONGEST = 64  #: characters of a word that count; longer ones are base64 and the like


def terms_of(*texts: str) -> str:
    """Terms of these texts, separated by spaces; no term spans two texts."""
    terms: list[str] = []
    for text in texts:
        for unspaced, word in _RUN.findall(_folded(text)) if text else ():
            if word:
                terms.append(word[:LONGEST])
            else:
                terms += _pairs(unspaced)
                terms.append(unspaced[-1])  # so that one character is found wherever it stands
    return " ".join(terms)


def match_of(query: str) -> str:
    """An FTS5 expression that finds texts with all of the query's words (or their beginnings) and character runs.

    Only letters and digits of the query reach it, in quotes, so no query is a syntax error. Empty if there are none.
    """
    parts: list[str] = []
    for unspaced, word in _RUN.findall(_folded(query)):
        if word:
            parts.append(f'"{word[:LONGEST]}"' + (" *" if len(word) > 1 else ""))
        elif len(unspaced) == 1:
            parts.append(f'"{unspaced}" *')
        else:
            parts.append(f'"{" ".join(_pairs(unspaced))}"')
    return " ".join(parts)


def contains(query: str, *texts: str) -> bool:
    """Whether the index, once these texts are in it, will find them for this query."""
    there = f" {terms_of(*texts)} "
    wanted = [
        word[:LONGEST] if word else (unspaced if len(unspaced) == 1 else " ".join(_pairs(unspaced)))
        for unspaced, word in _RUN.findall(_folded(query))
    ]
    whole = [len(part) == 1 and part.isascii() for part in wanted]
    return bool(wanted) and all(f" {part}{' ' * exact}" in there for part, exact in zip(wanted, whole, strict=True))


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
