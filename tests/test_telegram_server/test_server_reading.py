"""What the Telegram server of the tests tells an unmodified Telethon over TCP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import TelegramClient, errors, types
from telethon.tl.functions.channels import (
    GetChannelsRequest,
    GetFullChannelRequest,
    GetMessagesRequest,
)
from telethon.tl.functions.contacts import ResolveUsernameRequest
from telethon.tl.functions.help import GetCdnConfigRequest

from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tests.telegram_server.asking import ask, history

START = datetime(2026, 1, 1, tzinfo=UTC)


def ask_news(server: TelegramServer, account: Account, **offsets: Any) -> Any:
    """Return the ids on one page of @news."""

    async def page(client: TelegramClient) -> list[int]:
        return [m.id for m in (await history(client, **offsets)).messages]

    return ask(server.session(account), page)


@pytest.mark.parametrize("reverse", [False, True])
def test_whole_history(
    server: TelegramServer, news: ServedChannel, account: Account, *, reverse: bool
) -> None:
    news.post_many(f"Post {number}" for number in range(250))
    news.service()
    news.skip(5)
    news.post("The last one")
    news.delete(10, 11)

    async def read(client: TelegramClient) -> Any:
        messages = client.iter_messages("news", reverse=reverse, wait_time=0)
        return [(m.id, m.date, m.message or "") async for m in messages], messages.total

    read_posts, total = ask(server.session(account), read)
    expected = [(truth.id, truth.date, truth.text) for truth in news.truth()]
    assert read_posts == (expected if reverse else expected[::-1])
    assert total == len(news.messages) == 250


def test_every_field_arrives(
    server: TelegramServer, world: World, news: ServedChannel, account: Account
) -> None:
    other = world.add_channel("other", usernames=["other_name"])
    reactions = {"👍": 3, "custom:123": 1, "paid": 2}
    post = news.post("Text", views=5, forwards=6, replies=7, reactions=reactions, grouped_id=99)
    news.edit(post, "Better text")
    news.post("", forward_from=(other.id, 12, None), photo=True)
    news.post("", reply_to=7, reply_to_channel=other.id, poll=("Who?", ["I", "You"]))
    news.post("", web_page=("https://example.org", "Example"), restricted=True)
    news.post("", video=True, edit_hide=True)
    news.post("", document=True, reply_to=post)
    page = ask(server.session(account), history)
    document, video, web, poll, forward, text = page.messages
    assert (text.message, text.edit_date - text.date) == ("Better text", timedelta(minutes=1))
    assert (text.views, text.forwards, text.replies.replies, text.grouped_id) == (5, 6, 7, 99)
    assert [(type(r.reaction), r.count) for r in text.reactions.results] == [
        (types.ReactionEmoji, 3),
        (types.ReactionCustomEmoji, 1),
        (types.ReactionPaid, 2),
    ]
    assert (forward.fwd_from.from_id.channel_id, forward.fwd_from.channel_post) == (other.id, 12)
    assert forward.photo
    assert [chat.id for chat in page.chats] == [news.id, other.id]
    assert poll.poll.poll.question.text == "Who?"
    assert [answer.text.text for answer in poll.poll.poll.answers] == ["I", "You"]
    assert poll.reply_to.reply_to_peer_id.channel_id == other.id
    assert (web.web_preview.title, web.restriction_reason[0].platform) == ("Example", "all")
    assert (bool(video.video), video.edit_hide) == (True, True)
    assert (bool(document.document), document.reply_to.reply_to_msg_id) == (True, post)


def test_changes_are_served(server: TelegramServer, news: ServedChannel, account: Account) -> None:
    first, second = news.post("One", views=1), news.post("Two")

    async def changing(client: TelegramClient) -> Any:
        await history(client)
        news.edit(first, "One!")
        news.update(first, views=2)
        news.delete(second)
        return (await history(client)).messages

    (message,) = ask(server.session(account), changing)
    assert (message.message, message.views, message.forwards) == ("One!", 2, 0)
    news.edit(first, "One?", date=START)
    assert news.messages[first].edit_date == message.edit_date + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ({}, range(250, 150, -1)),
        ({"limit": 1000}, range(250, 150, -1)),
        ({"offset_id": 101, "limit": 3}, [100, 99, 98]),
        ({"offset_id": 101, "add_offset": -3, "limit": 3}, [103, 102, 101]),
        ({"offset_id": 1, "add_offset": -100}, range(100, 0, -1)),
        ({"offset_id": 101, "add_offset": 2, "limit": 2}, [98, 97]),
        ({"offset_id": 249, "add_offset": -100}, [250, 249]),
        ({"offset_id": 251, "add_offset": -100}, []),
        ({"limit": 5, "max_id": 249, "min_id": 246}, [248, 247]),
        ({"offset_date": START + timedelta(minutes=5)}, [5, 4, 3, 2, 1]),
        ({"offset_date": START + timedelta(minutes=5), "add_offset": -2, "limit": 2}, [7, 6]),
    ],
)
def test_page(
    server: TelegramServer, news: ServedChannel, account: Account, offsets: Any, expected: Any
) -> None:
    news.post_many(map(str, range(250)), start=START)
    assert ask_news(server, account, **offsets) == list(expected)


def test_padded_clipped_and_short_pages(
    server: TelegramServer, news: ServedChannel, account: Account
) -> None:
    news.post_many(map(str, range(250)))
    newest = {"offset_id": 240, "add_offset": -20, "limit": 20}
    news.padded = True
    assert ask_news(server, account, **newest) == list(range(250, 230, -1))
    news.padded, news.clipped = False, 3
    assert ask_news(server, account, limit=2) == [250, 249]
    assert ask_news(server, account, **newest) == list(range(247, 239, -1))
    assert ask_news(server, account, **newest) == list(range(247, 239, -1))
    assert ask_news(server, account, **newest) == list(range(250, 239, -1))
    news.short_pages = 2
    assert ask_news(server, account, offset_id=101) == [100, 99]
    assert ask_news(server, account, offset_id=101, add_offset=-100) == [102, 101]


def test_messages_by_id(server: TelegramServer, news: ServedChannel, account: Account) -> None:
    news.post_many("abc")
    news.delete(2)

    async def get(client: TelegramClient) -> Any:
        channel = await client.get_input_entity("news")
        raw = await client(GetMessagesRequest(channel, [types.InputMessageID(2)]))
        return await client.get_messages("news", ids=[3, 2, 1, 77]), raw.messages

    messages, absent = ask(server.session(account), get)
    assert [message and message.message for message in messages] == ["c", None, "a", None]
    assert [(type(message), message.id) for message in absent] == [(types.MessageEmpty, 2)]


def test_names(server: TelegramServer, world: World, news: ServedChannel, account: Account) -> None:
    several = world.add_channel(None, usernames=["first_name", "second_name"], broadcast=False)
    world.add_user("durov", name="Pavel")

    async def resolve(client: TelegramClient) -> None:
        assert (await client.get_entity("NEWS")).id == news.id
        found = await client.get_entity("second_name")
        assert (found.id, found.username, found.megagroup) == (several.id, None, True)
        assert [name.username for name in found.usernames] == ["first_name", "second_name"]
        assert (await client.get_entity("durov")).first_name == "Pavel"
        with pytest.raises(ValueError, match="No user has"):
            await client.get_entity("nobody_here")
        with pytest.raises(errors.UsernameInvalidError):
            await client(ResolveUsernameRequest("no__name"))
        news.rename("fresh_news")
        with pytest.raises(errors.UsernameNotOccupiedError):
            await client(ResolveUsernameRequest("news"))
        assert (await client.get_entity("fresh_news")).id == news.id

    ask(server.session(account), resolve)


def test_details_and_dialogs(
    server: TelegramServer, world: World, news: ServedChannel, account: Account
) -> None:
    silent = world.add_channel("silent", participants=None)
    for channel in (silent, news):
        world.join(account, channel)
    news.post("Hello", date=datetime.now(UTC))

    async def details(client: TelegramClient) -> Any:
        dialogs = [dialog async for dialog in client.iter_dialogs()]
        counts = []
        for name in ("news", "silent"):
            full = await client(GetFullChannelRequest(name))
            counts.append((full.full_chat.participants_count, full.chats[0].username))
        return dialogs, counts, full.full_chat.about

    dialogs, counts, about = ask(server.session(account), details)
    assert [(dialog.name, dialog.message and dialog.message.message) for dialog in dialogs] == [
        ("News", "Hello"),
        ("silent", None),
    ]
    assert (counts, about) == ([(1000, "news"), (None, "silent")], "")


def test_closed_channels(
    server: TelegramServer, world: World, news: ServedChannel, account: Account
) -> None:
    stranger = world.add_account("+10000000002")

    async def knock(client: TelegramClient) -> None:
        mine = await client.get_input_entity("news")
        theirs = types.InputChannel(news.id, world.access_hash(stranger, news))
        with pytest.raises(errors.ChannelInvalidError):
            await client(GetFullChannelRequest(theirs))
        news.banned = True
        (shell,) = (await client(GetChannelsRequest([mine]))).chats
        assert isinstance(shell, types.ChannelForbidden)
        news.banned, news.private = False, True
        for request in (GetChannelsRequest([mine]), GetFullChannelRequest(mine)):
            with pytest.raises(errors.ChannelPrivateError):
                await client(request)
        with pytest.raises(errors.ChannelPrivateError):
            await history(client, mine)
        with pytest.raises(errors.BadRequestError, match="METHOD_NOT_SERVED_GetCdnConfig"):
            await client(GetCdnConfigRequest())

    ask(server.session(account), knock)


def test_many_requests_at_once_compressed(
    server: TelegramServer, news: ServedChannel, account: Account
) -> None:
    news.post_many(f"A rather long post, number {number}" for number in range(150))
    server.gzip = True

    async def at_once(client: TelegramClient) -> list[int]:
        peer = await client.get_input_entity("news")
        return await asyncio.gather(*(one_page_of(client, peer, offset) for offset in (0, 51, 11)))

    async def one_page_of(client: TelegramClient, peer: Any, offset: int) -> int:
        return len((await history(client, peer, offset_id=offset)).messages)

    assert ask(server.session(account), at_once) == [100, 50, 10]
    assert server.count("GetHistoryRequest") == 3
    server.clear_requests()
    assert server.requests == []
