"""A device on the AWS IoT Device SDK v2 or on Paho: subscribes to a topic, publishes to it and waits for its own message.

It prints a line of JSON for each thing that happens. With --wait-for-restart it goes on: it waits until its connection
was lost and is there again, and exchanges one more message.
"""

import argparse
import json
import queue
import ssl
import sys
import time

PATIENCE = 30


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class AwsDevice:
    """The AWS IoT Device SDK v2, MQTT 3.1.1."""

    def __init__(self, options, resumed):
        from awscrt import mqtt
        from awsiot import mqtt_connection_builder

        self.mqtt = mqtt
        self.received = queue.Queue()
        self.connection = mqtt_connection_builder.mtls_from_path(
            endpoint=options.host,
            port=options.port,
            ca_filepath=options.ca,
            cert_filepath=options.cert,
            pri_key_filepath=options.key,
            client_id=options.client_id,
            clean_session=True,
            keep_alive_secs=30,
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=2,
            on_connection_interrupted=lambda connection, error, **_: say("interrupted"),
            on_connection_resumed=lambda connection, return_code, session_present, **_: resumed.put(int(return_code)),
        )

    def connect(self):
        self.connection.connect().result(PATIENCE)

    def subscribe(self, topic):
        def on_message(topic, payload, **_):
            self.received.put((topic, payload.decode()))

        future, _ = self.connection.subscribe(topic, self.mqtt.QoS.AT_LEAST_ONCE, on_message)
        return int(future.result(PATIENCE)["qos"])

    def publish(self, topic, payload):
        future, _ = self.connection.publish(topic, payload, self.mqtt.QoS.AT_LEAST_ONCE)
        future.result(PATIENCE)

    def disconnect(self):
        self.connection.disconnect().result(PATIENCE)


class PahoDevice:
    """Eclipse Paho, MQTT 3.1.1."""

    def __init__(self, options, resumed):
        import paho.mqtt.client as paho

        self.options = options
        self.received = queue.Queue()
        self.granted = queue.Queue()
        self.connected = queue.Queue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, options.client_id, protocol=paho.MQTTv311)
        self.client.tls_set(options.ca, options.cert, options.key)
        if options.tls:
            version = getattr(ssl.TLSVersion, options.tls)
            self.client._ssl_context.minimum_version = self.client._ssl_context.maximum_version = version
        self.client.reconnect_delay_set(1, 2)
        self.client.on_message = lambda client, data, message: self.received.put(
            (message.topic, message.payload.decode())
        )
        self.client.on_subscribe = lambda client, data, mid, codes, properties: self.granted.put(codes[0].value)
        self.client.on_disconnect = lambda client, data, flags, code, properties: say("interrupted")

        def on_connect(client, data, flags, code, properties):
            (resumed if self.connected.qsize() else self.connected).put(code.value)

        self.client.on_connect = on_connect

    def connect(self):
        self.client.connect(self.options.host, self.options.port, keepalive=30)
        self.client.loop_start()
        code = self.connected.get(timeout=PATIENCE)
        if code != 0:
            raise OSError(f"CONNACK {code}")
        self.connected.put(code)

    def subscribe(self, topic):
        self.client.subscribe(topic, qos=1)
        return self.granted.get(timeout=PATIENCE)

    def publish(self, topic, payload):
        self.client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def disconnect(self):
        self.client.on_disconnect = None
        self.client.disconnect()
        self.client.loop_stop()


def exchange(device, topic, payload):
    say("subscribed", qos=device.subscribe(topic))
    device.publish(topic, payload)
    topic, payload = device.received.get(timeout=PATIENCE)
    say("received", topic=topic, payload=payload)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sdk", choices=["aws", "paho"], required=True)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--tls", choices=["TLSv1_2", "TLSv1_3"], help="Paho only")
    parser.add_argument("--retries", type=int, default=0, help="of the first connection")
    parser.add_argument("--wait-for-restart", action="store_true")
    options = parser.parse_args()

    resumed = queue.Queue()
    device = (AwsDevice if options.sdk == "aws" else PahoDevice)(options, resumed)
    tries = 0
    try:
        while True:
            tries += 1
            try:
                device.connect()
                break
            except Exception:
                if tries > options.retries:
                    raise
                # As a device on AWS does that is provisioned by its first connection.
                time.sleep(0.5)
    except Exception as error:  # Whatever the SDK calls it.
        say("refused", error=f"{type(error).__name__}: {error}")
        sys.exit(1)
    say("connected", **({"tries": tries} if options.retries else {}))
    exchange(device, options.topic, "one")
    if options.wait_for_restart:
        say("waiting")
        say("resumed", code=resumed.get(timeout=PATIENCE))
        exchange(device, options.topic, "two")
    device.disconnect()
    say("disconnected")


main()
