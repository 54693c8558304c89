"""The post: Apprise in a process of its own, against a real server; a service that hangs holds nobody up for ever."""

import threading
import time

from budget.alertwords import Words
from tests.kit.webhook import SECRETS, Webhook
from tray.alerts.destination import Destination
from tray.alerts.post import ENDED, SILENT, Message, Post

HELLO = Words("bursar: hello", "It is noon.")
NOBODY = Destination("json://127.0.0.1:9/s3cretPath")


def test_a_message_arrives_word_for_word_and_what_fails_says_why_without_secrets(hook: Webhook):
    to = [Destination(hook.address), NOBODY, Destination("nosuch://hunter2"), Destination("slack://hunter2")]
    looked_at = Message(Destination(hook.address), None)
    good, refused, unknown, unreadable, fine = Post()([*(Message(one, HELLO) for one in to), looked_at])
    assert good == fine == ""
    assert [(one["title"], one["message"]) for one in hook.got] == [("bursar: hello", "It is noon.")]
    assert hook.asked == 1, "an address without words is only looked at"
    assert "onnection" in refused
    assert unknown == "nosuch:// is no service that can be reached from here"
    assert unreadable == "slack:// does not understand the rest of the address"
    assert not any(secret in trouble for secret in SECRETS for trouble in (refused, unknown, unreadable))


def test_a_service_that_hangs_is_left_after_its_time_and_what_comes_after_it_is_not_lost_silently(hook: Webhook):
    hook.seconds = 30
    troubles = list(Post(patience_s=2)([Message(Destination(hook.address), HELLO), Message(NOBODY, HELLO)]))
    assert troubles == [SILENT, ENDED]


def test_ending_stops_a_message_under_way(hook: Webhook):
    hook.seconds = 30
    post = Post()
    troubles: list[str] = []
    thread = threading.Thread(target=lambda: troubles.extend(post([Message(Destination(hook.address), HELLO)])))
    thread.start()
    end = time.monotonic() + 20
    while not hook.asked and time.monotonic() < end:
        time.sleep(0.02)
    post.end()
    thread.join(10)
    assert troubles == [ENDED]
    assert list(post([Message(NOBODY, HELLO)])) == []
