"""A device of the Paho library that comes by a domain of its operator's.

There is no DNS in a test: names lead to this machine, as a line in /etc/hosts would have it. What is sent in the hello and
checked in the certificate stays the domain.
"""

import json
import socket
import ssl
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

domain, port, ca, certificate, key = sys.argv[1:]
lookup = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: lookup("127.0.0.1", *rest, **more)

said = {"connected": None, "echo": None, "name": None}
done = threading.Event()
client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="pump-1")
client.tls_set(ca, certificate, key, cert_reqs=ssl.CERT_REQUIRED)


def connected(client, userdata, flags, reason, properties):
    said["connected"] = str(reason)
    client.subscribe("echo", qos=1)


def message(client, userdata, message):
    said["echo"] = message.payload.decode()
    done.set()


client.on_connect = connected
client.on_subscribe = lambda *_: client.publish("echo", "by its own domain", qos=1)
client.on_message = message
try:
    client.connect(domain, int(port), keepalive=30)
    client.loop_start()
    done.wait(20)
    names = client.socket().getpeercert()["subjectAltName"]
    said["name"] = domain in [name for kind, name in names if kind == "DNS"]
    client.disconnect()
    client.loop_stop()
except (ssl.SSLError, ConnectionError) as refused:
    said["refused"] = type(refused).__name__
print(json.dumps(said))
