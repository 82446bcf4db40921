"""Drives instructor against a server, and prints one JSON line per answer, like the Rust program.

    instructor_peer.py ask <client> <base url with {id}> <cases.jsonl> <re-asks> [<most tokens>]
    instructor_peer.py stream <client> <base url with {id}>
"""

import asyncio
import json
import sys
import time
from enum import Enum
from typing import Annotated, List

import instructor
import openai
from pydantic import BaseModel, Field, field_validator

# Every client treats this name as a capable model.
MODEL = "gpt-4.1-mini"
MODES = {
    "instructor-tools": instructor.Mode.TOOLS,
    "instructor-json_schema": instructor.Mode.JSON_SCHEMA,
    "instructor-json": instructor.Mode.JSON,
    "instructor-md_json": instructor.Mode.MD_JSON,
}


class Status(str, Enum):
    open = "open"
    paid = "paid"
    cancelled = "cancelled"


class Line(BaseModel):
    """One line of an order."""

    sku: str
    count: Annotated[int, Field(ge=0)]

    @field_validator("sku")
    @classmethod
    def known(cls, sku):
        if not sku.startswith("A-"):
            raise ValueError("an article number that begins with A-")
        return sku


class Order(BaseModel):
    """An order."""

    customer: str
    email: str
    quantity: Annotated[int, Field(ge=0)]
    total: float
    status: Status
    lines: List[Line]


class Stock(BaseModel):
    """The stock of a warehouse."""

    items: List[Line]


class Person(BaseModel):
    """A person that the text speaks of."""

    name: str = Field(description="First and last name.")
    age: Annotated[int, Field(ge=0, le=255, description="Age in years.")]


class Mood(str, Enum):
    positive = "positive"
    negative = "negative"
    neutral = "neutral"


class Review(BaseModel):
    """How a review sounds."""

    mood: Mood


class Event(BaseModel):
    """An event."""

    name: str = Field(description="Name of the event.")
    place: str = Field(description="Place of the event.")
    date: str = Field(description="The day, as YYYY-MM-DD.")


class Address(BaseModel):
    """A postal address."""

    street: str
    number: Annotated[int, Field(ge=0, description="The house number.")]
    city: str


class Product(BaseModel):
    """A product for sale."""

    name: str
    price: float
    in_stock: bool


class Contact(BaseModel):
    name: str
    phone: str


class Contacts(BaseModel):
    """The people whose telephone numbers are given."""

    people: Annotated[List[Contact], Field(max_length=3)]


class Invoice(BaseModel):
    """An invoice."""

    vendor: str = Field(description="Name of the sender.")
    number: str = Field(description="The invoice's number.")
    total: float = Field(description="The amount to pay.")


class Recipe(BaseModel):
    """A recipe."""

    dish: str
    servings: Annotated[int, Field(ge=0, description="How many people it serves.")]
    minutes: Annotated[int, Field(ge=0, description="How many minutes it takes.")]


class Entry(BaseModel):
    name: str
    note: str
    amount: float
    tags: List[str]


class Log(BaseModel):
    """A report."""

    heading: str
    entries: List[Entry]


TYPES = {
    "order": Order, "stock": Stock, "person": Person, "review": Review, "event": Event, "address": Address,
    "product": Product, "contacts": Contacts, "invoice": Invoice, "recipe": Recipe,
}


def ask(client, url, file, reasks, most=None):
    mode = MODES[client]
    with open(file, encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            base = openai.OpenAI(api_key="none", base_url=url.replace("{id}", case["name"]), max_retries=2)
            asked = instructor.from_openai(base, mode=mode)
            limit = {"max_tokens": int(most)} if most else {}
            line = {"name": case["name"]}
            try:
                value = asked.create(
                    model=MODEL, response_model=TYPES[case["type"]], max_retries=int(reasks),
                    messages=[{"role": "user", "content": case["prompt"]}], **limit,
                )
                line["value"] = value.model_dump(mode="json")
            except Exception as error:
                line |= {"error": kind(error), "message": str(error)[:2000]}
            print(json.dumps(line), flush=True)


def kind(error):
    """Returns the exception's class name. If it only reports exhausted retries, adds the class of their cause."""
    name = type(error).__name__
    cause = error.__cause__
    while cause is not None and type(cause).__name__ in ("RetryError", "InstructorRetryException"):
        cause = cause.__cause__
    return name if cause is None else f"{name} ({type(cause).__name__})"


async def consume(url):
    client = instructor.from_openai(openai.AsyncOpenAI(api_key="none", base_url=url), mode=instructor.Mode.JSON_SCHEMA)
    partials, last = 0, None
    stream = client.create_partial(
        model=MODEL, response_model=Log, messages=[{"role": "user", "content": "The log, please."}]
    )
    async for last in stream:
        partials += 1
    return partials, len(last.entries)


async def baseline(url):
    """Concatenates the deltas, and parses the reply once at the end."""
    client = openai.AsyncOpenAI(api_key="none", base_url=url)
    text, deltas = [], 0
    stream = await client.chat.completions.create(
        model=MODEL, stream=True, messages=[{"role": "user", "content": "The log, please."}]
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            text.append(chunk.choices[0].delta.content)
            deltas += 1
    return deltas, len(Log.model_validate_json("".join(text)).entries)


async def baml(url):
    """Runs the BAML client that the driver generated from the same type."""
    from baml_client import b
    from baml_py import ClientRegistry

    registry = ClientRegistry()
    registry.add_llm_client(
        "Loopback", "openai-generic", {"model": MODEL, "base_url": url, "api_key": "none"}
    )
    registry.set_primary("Loopback")
    partials = 0
    stream = b.stream.ReadLog("The log, please.", {"client_registry": registry})
    async for _ in stream:
        partials += 1
    return partials, len((await stream.get_final_response()).entries)


async def baml_every_piece(pieces):
    """Parses after every piece. BAML's own stream skips pieces that newer ones have overtaken."""
    from baml_client import b

    text, partials = "", 0
    for piece in pieces:
        text += piece
        try:
            b.parse_stream.ReadLog(text)
            partials += 1
        except Exception:  # nothing that could be read yet
            pass
    return partials, len(b.parse.ReadLog(text).entries)


async def pieces_of(url):
    client = openai.AsyncOpenAI(api_key="none", base_url=url)
    stream = await client.chat.completions.create(
        model=MODEL, stream=True, messages=[{"role": "user", "content": "The log, please."}]
    )
    return [c.choices[0].delta.content async for c in stream if c.choices and c.choices[0].delta.content]


def stream(client, url):
    reads = {"instructor": consume, "baseline-python": baseline, "baml": baml, "baml-every": baml_every_piece}
    for case in sys.stdin:
        source = url.replace("{id}", case.strip())
        if client == "baml-every":
            source = asyncio.run(pieces_of(source))  # parsing alone, without the transport
        start, clock = time.process_time(), time.monotonic()
        partials, entries = asyncio.run(reads[client](source))
        took = {"cpu": time.process_time() - start, "wall": time.monotonic() - clock}
        print(json.dumps(took | {"partials": partials, "entries": entries}), flush=True)


if __name__ == "__main__":
    {"ask": ask, "stream": stream}[sys.argv[1]](*sys.argv[2:])
