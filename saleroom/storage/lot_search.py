"""How lots are found by words: what of a lot is looked at, and how much each part counts.

Owns: the folding of texts into weighted words, and the search as the memory store does it.
Invariant: the same words find the same lots in every store, however many accents or capitals were
typed. Must not know: tables, who asks. Source: PROTOCOL 7, decision 0009.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from saleroom.storage.people_search import folded, trigrams

TITLE, CATEGORY, DONOR, DESCRIPTION = "A", "B", "C", "D"
"""The parts of a lot that are looked at, named by their weight."""
WEIGHTS = {TITLE: 1.0, CATEGORY: 0.4, DONOR: 0.2, DESCRIPTION: 0.1}
"""As PostgreSQL has them."""
WORDS_MAX = 8  # of a search; more would only find less
WORD_CHARS_MAX = 64  # longer ones are cut, in what is searched and in what is typed
LIKE_MAX = 5  # words that stand in for one that is found nowhere
LIKENESS_LEAST = 0.25
"""The share of common trigrams that two words need. pg_trgm's 0.3 takes two letters that changed
places for another word; here only a search that found nothing comes to it."""

Document = Mapping[str, float]
"""{word: the sum of the weights of the places where it stands}"""


def words_of(text: str) -> list[str]:
    """Give the words of a text, folded: without case, accents or punctuation."""
    return [word[:WORD_CHARS_MAX] for word in folded(text).split()]


def typed_words(text: str) -> list[str]:
    """Give the words that a search asks for, each once."""
    return list(dict.fromkeys(words_of(text)))[:WORDS_MAX]


def vector(texts: Mapping[str, str | None]) -> str:
    """Give {weight: text} as PostgreSQL reads a tsvector.

    Words are letters and digits alone, so that none can end its quotes.
    """
    return " ".join(
        f"'{word}':{place}{weight}"
        for weight, text in texts.items()
        for place, word in enumerate(words_of(text or ""), 1)
    )


def lot_vector(title: object, description: object) -> str:
    """Give the words of a lot's own texts."""
    return vector({TITLE: str(title or ""), DESCRIPTION: str(description or "")})


def document(texts: Mapping[str, str | None]) -> Document:
    """Give {weight: text} as `find` looks at it."""
    made: dict[str, float] = {}
    for weight, text in texts.items():
        for word in words_of(text or ""):
            made[word] = made.get(word, 0.0) + WEIGHTS[weight]
    return made


def strict_query(words: Sequence[str]) -> str:
    """Give the tsquery of lots in which every word stands or begins one."""
    return " & ".join(f"'{word}':*" for word in words)


def loose_query(words: Sequence[str], likes: Mapping[str, Sequence[str]]) -> str:
    """Give the tsquery in which other words may stand in for each."""
    return " & ".join(
        "({})".format(" | ".join([f"'{word}':*", *(f"'{like}'" for like in likes.get(word, ()))]))
        for word in words
    )


def likest(word: str, held: Iterable[str]) -> list[str]:
    """Give the held words most like one; as in pg_trgm, by common trigrams of all trigrams."""
    mine = trigrams(word)
    found = []
    for other in held:
        others = trigrams(other)
        likeness = len(mine & others) / len(mine | others)
        if likeness >= LIKENESS_LEAST:
            found.append((-likeness, other))
    return [other for _, other in sorted(found)[:LIKE_MAX]]


def find(documents: Mapping[int, Document], words: Sequence[str]) -> list[int]:
    """Number the documents in which every word is found, the best first; no word, no document."""
    if not words:
        return []
    beginnings = {
        word: {held for held in _held(documents) if held.startswith(word)} for word in words
    }
    return _ranked(documents, beginnings) or _ranked(
        documents, {word: beginnings[word] | set(likest(word, _held(documents))) for word in words}
    )


def _held(documents: Mapping[int, Document]) -> set[str]:
    return {word for held in documents.values() for word in held}


def _ranked(documents: Mapping[int, Document], wanted: Mapping[str, set[str]]) -> list[int]:
    found = []
    for number, held in documents.items():
        hits = [[held[word] for word in words if word in held] for words in wanted.values()]
        if all(hits):
            found.append((-sum(map(sum, hits)), number))
    return [number for _, number in sorted(found)]
