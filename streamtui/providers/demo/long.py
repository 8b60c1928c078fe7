"""The demo model's long reply: varied Markdown, enough of it to scroll through and to stop."""

from collections.abc import Iterator
from typing import Final

from streamtui.providers.demo.pages import LABEL

_ROMAN: Final = (
    (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LAST: Final = 260
"""Makes about 20,000 tokens."""
_HAN: Final = "〇一二三四五六七八九"


_SAMPLES: Final = (
    (
        "python",
        """divisors = [d for d in range(1, NUMBER + 1) if NUMBER % d == 0]
print(sum(divisors))  # SUM
""",
    ),
    (
        "javascript",
        """let sum = 0;
for (let d = 1; d <= NUMBER; d++) {
  if (NUMBER % d === 0) sum += d;
}
console.log(sum); // SUM
""",
    ),
    (
        "rust",
        """fn main() {
    let sum: u32 = (1..=NUMBER).filter(|d| NUMBER % d == 0).sum();
    println!("{sum}"); // SUM
}
""",
    ),
    (
        "sql",
        """WITH RECURSIVE d(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < NUMBER)
SELECT sum(n) FROM d WHERE NUMBER % n = 0; -- SUM
""",
    ),
)


def long_page() -> Iterator[str]:
    """Yield the sections of about 20,000 tokens of varied Markdown."""
    yield (
        LABEL
        + f"# The numbers from 1 to {_LAST}\n\nOne section each. Scroll up while they come, or stop me with `Esc`.\n\n"
    )
    for number in range(1, _LAST + 1):
        yield _section(number)
    yield f"---\n\nThat was all: {_LAST} numbers, and you are still here. Press `Home` to go back to the first.\n"


def _section(number: int) -> str:
    factors = _factors(number)
    parity = "even" if number % 2 == 0 else "odd"
    nature = f"equal to {' × '.join(map(str, factors))}" if len(factors) > 1 else "a prime" if factors else "the unit"
    parts = [
        f"## {number}\n\n**{number}** is *{parity}* and {nature}. Its square is {number**2:,}, its cube {number**3:,}; "
        f"the numbers up to it add up to {number * (number + 1) // 2:,}.\n",
        (_table, _code, _products)[number % 3](number),
    ]
    if number % 5 == 0:
        parts.append(f"> In Roman numerals {number} is {_roman(number)}, in Chinese ones {_han(number)} 🔢.\n")
    if number % 7 == 0:
        parts.append("".join(f"- [{'x' if number % d == 0 else ' '}] divisible by {d}\n" for d in (2, 3, 5, 7)))
    return "\n".join([*parts, ""])


def _table(number: int) -> str:
    rows = [("binary", f"{number:b}"), ("octal", f"{number:o}"), ("hexadecimal", f"{number:x}")]
    rows += [("Roman", _roman(number)), ("汉字", _han(number)), ("divisors", str(len(_divisors(number))))]
    return "| notation | value |\n|:---------|------:|\n" + "".join(f"| {name} | `{value}` |\n" for name, value in rows)


def _code(number: int) -> str:
    language, template = _SAMPLES[number // 3 % len(_SAMPLES)]
    code = template.replace("NUMBER", str(number)).replace("SUM", str(sum(_divisors(number))))
    return f"The sum of its divisors, found the slow way:\n\n```{language}\n{code}```\n"


def _products(number: int) -> str:
    divisors = _divisors(number)
    ways = [(small, number // small) for small in divisors if small * small <= number]
    lines = [f"{place}. {small} times {large}\n" for place, (small, large) in enumerate(ways, 1)]
    return "As a product of two numbers it is:\n\n" + "".join(lines)


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _factors(number: int) -> list[int]:
    """Return the prime factors, smallest first."""
    factors, candidate = [], 2
    while number > 1:
        while number % candidate == 0:
            factors.append(candidate)
            number //= candidate
        candidate += 1
    return factors


def _roman(number: int) -> str:
    numeral = ""
    for value, letters in _ROMAN:
        numeral += letters * (number // value)
        number %= value
    return numeral


def _han(number: int) -> str:
    """Return a number below 1000 in Chinese numerals."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    numeral = f"{_HAN[hundreds]}百" if hundreds else ""
    if tens:
        numeral += "十" if tens == 1 and not hundreds else f"{_HAN[tens]}十"
    elif hundreds and ones:
        numeral += "零"
    return numeral + (_HAN[ones] if ones else "")
