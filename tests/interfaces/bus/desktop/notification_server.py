"""A dbusmock template: dbusmock's own notification server, and the signals by which it tells of clicks.

Loaded by the python of the system, which has dbusmock. The template that dbusmock ships does not say in its
introspection that it has signals, so that clients do not listen for them, and calls what it closes expired.
"""

import dbus.service
from dbusmock.templates import notification_daemon
from dbusmock.templates.notification_daemon import BUS_NAME, MAIN_IFACE, MAIN_OBJ, SYSTEM_BUS

__all__ = ["BUS_NAME", "MAIN_IFACE", "MAIN_OBJ", "SYSTEM_BUS", "load"]

CLOSE = 'self.EmitSignal("", "NotificationClosed", "uu", [args[0], 3])'


def load(mock, parameters):
    """Set the mock up; ``capabilities`` is a text of words, ``server`` what it is called."""
    notification_daemon.load(mock, parameters)
    mock.AddMethod(MAIN_IFACE, "CloseNotification", "u", "", CLOSE)
    named = f'ret = ("{parameters.get("server", "mock")}", "nobody", "1.0", "1.2")'
    mock.AddMethod(MAIN_IFACE, "GetServerInformation", "", "ssss", named)
    for signal in (_activation_token, _action_invoked, _notification_closed):
        mock.methods[MAIN_IFACE][signal.__name__] = ("", "", "", signal)


def _declared(name, signature, *names):
    namespace = {}
    exec(f"def {name}(self, {', '.join(names)}): pass", namespace)
    return dbus.service.signal(MAIN_IFACE, signature=signature)(namespace[name])


_activation_token = _declared("ActivationToken", "us", "id", "activation_token")
_action_invoked = _declared("ActionInvoked", "us", "id", "action_key")
_notification_closed = _declared("NotificationClosed", "uu", "id", "reason")
