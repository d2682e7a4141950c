"""Paho with clean_session=False: subscribes and leaves, or comes back for what waits. Prints one JSON object."""

import argparse
import json
import queue
import ssl

import paho.mqtt.client as paho

PATIENCE = 30


def main():
    parser = argparse.ArgumentParser()
    for name in ("--host", "--ca", "--cert", "--key", "--client-id", "--topic"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--expect", type=int, default=0, help="messages to wait for; without, it subscribes and leaves")
    options = parser.parse_args()

    connected, subscribed, received = queue.Queue(), queue.Queue(), queue.Queue()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=options.client_id, clean_session=False)
    client.on_connect = lambda client, data, flags, code, properties: connected.put((code.value, flags.session_present))
    client.on_subscribe = lambda client, data, mid, codes, properties: subscribed.put(codes[0].value)
    client.on_message = lambda client, data, message: received.put(message.payload.decode())
    client.tls_set(options.ca, options.cert, options.key, tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.connect(options.host, options.port, keepalive=30)
    client.loop_start()
    code, present = connected.get(timeout=PATIENCE)
    found = {"code": code, "present": present}
    if options.expect == 0:
        client.subscribe(options.topic, qos=1)
        found["granted"] = subscribed.get(timeout=PATIENCE)
    found["messages"] = [received.get(timeout=PATIENCE) for _ in range(options.expect)]
    client.disconnect()
    client.loop_stop()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
