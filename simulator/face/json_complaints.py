"""What the real server says of a text that is no JSON: the sentence depends on the first character that does not fit.

Programs show that sentence to people, and people search for it. It is worked out only for texts that a fast reader
has refused already, so it need not be fast: the text is walked until nothing fits.
"""

import re

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_ENDS = "unexpected end of JSON input"
_DEPTH_MAX = 10_000


class _Complaint(Exception):
    pass


def complaint(data: bytes) -> str:
    """The sentence about ``data``; empty if it is JSON."""
    walk = _Walk(data.decode("latin-1"))  # the real one looks at bytes
    try:
        walk.value()
        walk.space()
        if walk.at < len(walk.text):
            walk.refuse("after top-level value")
    except _Complaint as found:
        return str(found)
    except RecursionError:
        return "exceeded max depth"
    return ""


def _quoted(letter: str) -> str:
    if letter == "'":
        return r"'\''"
    if letter == '"':
        return "'\"'"
    if letter in "\n\t\r":
        return "'" + {"\n": r"\n", "\t": r"\t", "\r": r"\r"}[letter] + "'"
    return f"'\\x{ord(letter):02x}'" if ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA1 else f"'{letter}'"


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refuse(self, where: str) -> None:
        if self.at >= len(self.text):
            raise _Complaint(_ENDS)
        raise _Complaint(f"invalid character {_quoted(self.text[self.at])} {where}")

    def space(self) -> str:
        """Skip blanks; the character after them, or nothing."""
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return self.text[self.at : self.at + 1]

    def value(self) -> None:
        letter = self.space()
        if letter == "{":
            self._object()
        elif letter == "[":
            self._array()
        elif letter == '"':
            self._string()
        elif letter == "-" or letter.isdigit():
            self._number()
        elif letter and letter in "tfn":
            self._literal({"t": "true", "f": "false", "n": "null"}[letter])
        else:
            self.refuse("looking for beginning of value")

    def _object(self) -> None:
        self.at += 1
        if self.space() == "}":
            self.at += 1
            return
        while True:
            if self.space() != '"':
                self.refuse("looking for beginning of object key string")
            self._string()
            if self.space() != ":":
                self.refuse("after object key")
            self.at += 1
            self.value()
            letter = self.space()
            if letter not in ("}", ","):
                self.refuse("after object key:value pair")
            self.at += 1
            if letter == "}":
                return

    def _array(self) -> None:
        self.at += 1
        if self.space() == "]":
            self.at += 1
            return
        while True:
            self.value()
            letter = self.space()
            if letter not in ("]", ","):
                self.refuse("after array element")
            self.at += 1
            if letter == "]":
                return

    def _string(self) -> None:
        self.at += 1
        while True:
            letter = self.text[self.at : self.at + 1]
            if not letter or ord(letter) < 0x20:
                self.refuse("in string literal")
            self.at += 1
            if letter == '"':
                return
            if letter == "\\":
                self._escape()

    def _escape(self) -> None:
        letter = self.text[self.at : self.at + 1]
        if not letter or letter not in '"\\/bfnrtu':
            self.refuse("in string escape code")
        self.at += 1
        for _ in range(4 if letter == "u" else 0):
            digit = self.text[self.at : self.at + 1]
            if not digit or digit not in "0123456789abcdefABCDEF":
                self.refuse(r"in \u hexadecimal character escape")
            self.at += 1

    def _number(self) -> None:
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            self.at += 1
            self.refuse("in numeric literal")
            return
        self.at = found.end()
        letter = self.text[self.at : self.at + 1]
        if letter == "." and found.group(2) is None and found.group(3) is None:
            self.at += 1
            self.refuse("after decimal point in numeric literal")
        if letter and letter in "eE" and found.group(3) is None:
            self.at += 1
            if self.text[self.at : self.at + 1] in ("+", "-"):
                self.at += 1
            self.refuse("in exponent of numeric literal")

    def _literal(self, word: str) -> None:
        for position, letter in enumerate(word):
            if self.text[self.at : self.at + 1] != letter:
                where = f"in literal {word} (expecting '{letter}')"
                if self.at >= len(self.text):
                    # The end of a text is a blank to the real one, which fits no literal.
                    raise _Complaint(f"invalid character ' ' {where}" if position else _ENDS)
                self.refuse(where)
            self.at += 1
