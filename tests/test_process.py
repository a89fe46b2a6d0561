"""Settings and turns of a process: shared by threads, safe after a fork."""

import os
import threading
from contextlib import contextmanager

import pytest

from sklearn_popularity._process import SharedSetting, Turns

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork.")


@pytest.fixture
def log():
    return []


@pytest.fixture
def setting(log):
    @contextmanager
    def make():
        log.append("made")
        yield
        log.append("taken back")

    return SharedSetting(make)


@contextmanager
def other_thread_inside(context):
    """Another thread that stays in a context meanwhile."""
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with context():
            entered.set()
            leave.wait(timeout=30)

    thread = threading.Thread(target=stay)
    thread.start()
    assert entered.wait(timeout=30)
    yield
    leave.set()
    thread.join(timeout=30)
    assert not thread.is_alive()


def in_child(function):
    """Whether a function returns True in a forked child."""
    child = os.fork()
    if child == 0:
        os._exit(0 if function() else 1)
    return os.waitpid(child, 0)[1] == 0


def test_setting_is_made_and_taken_back_once(setting, log):
    with other_thread_inside(setting.held), setting.held(), setting.held():
        assert log == ["made"]
    assert log == ["made", "taken back"]


def test_setting_is_taken_back_after_error(setting, log):
    with pytest.raises(ZeroDivisionError), setting.held():
        raise ZeroDivisionError
    assert log == ["made", "taken back"]


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_setting_of_a_lost_thread_is_taken_back(setting, log):
    def holds_anew():
        taken_back = log == ["made", "taken back"]
        with setting.held():
            return taken_back and log[2:] == ["made"]

    with other_thread_inside(setting.held):
        assert in_child(holds_anew)
        assert log == ["made"]


@needs_fork
def test_setting_of_the_forking_thread_stays(setting, log):
    with setting.held():
        assert in_child(lambda: log == ["made"])


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_turn_is_free_in_a_forked_child():
    turns = Turns()

    def takes_turn():
        with turns.turn(), turns.turn():
            return True

    with other_thread_inside(turns.turn):
        assert in_child(takes_turn)
