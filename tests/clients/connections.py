"""Devices on the AWS IoT Device SDK v2 (MQTT 5) and on Paho (MQTT 3.1.1) that share a subscription, and boto3, which looks at
their connections, sends to one alone, and ends them. Prints one JSON object.
"""

import argparse
import json
import queue
import time

import boto3

PATIENCE = 30
SHARED = "$share/line/plant/+"


class AwsDevice:
    """The MQTT 5 client of the AWS IoT Device SDK v2."""

    def __init__(self, options):
        from awscrt import mqtt5
        from awsiot import mqtt5_client_builder

        self.mqtt5 = mqtt5
        self.received = queue.Queue()
        self.connected = queue.Queue()
        self.ended = queue.Queue()
        self.stopped = queue.Queue()
        self.client = mqtt5_client_builder.mtls_from_path(
            endpoint=options.host,
            port=options.port,
            ca_filepath=options.ca,
            cert_filepath=options.cert,
            pri_key_filepath=options.key,
            client_id="aws",
            on_publish_received=lambda data: self.received.put(
                (data.publish_packet.topic, data.publish_packet.payload.decode())
            ),
            on_lifecycle_connection_success=lambda data: self.connected.put(True),
            on_lifecycle_disconnection=self.on_end,
            on_lifecycle_stopped=lambda data: self.stopped.put(True),
        )
        self.client.start()
        self.connected.get(timeout=PATIENCE)
        subscription = mqtt5.Subscription(topic_filter=SHARED, qos=mqtt5.QoS.AT_LEAST_ONCE)
        packet = mqtt5.SubscribePacket(subscriptions=[subscription])
        self.granted = self.client.subscribe(packet).result(PATIENCE).reason_codes[0].value

    def on_end(self, data):
        packet = data.disconnect_packet
        self.ended.put(packet.reason_code.value if packet else None)

    def stop(self):
        self.client.stop()
        self.stopped.get(timeout=PATIENCE)


class PahoDevice:
    """Eclipse Paho, MQTT 3.1.1, which does not come back."""

    def __init__(self, options):
        import paho.mqtt.client as paho

        self.received = queue.Queue()
        granted = queue.Queue()
        connected = queue.Queue()
        self.ended = queue.Queue()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, "paho", protocol=paho.MQTTv311, reconnect_on_failure=False
        )
        self.client.tls_set(options.ca, options.cert, options.key)
        self.client.will_set("plant/wills", "gone", qos=1)
        self.client.on_message = lambda client, data, message: self.received.put(
            (message.topic, message.payload.decode())
        )
        self.client.on_subscribe = lambda client, data, mid, codes, properties: granted.put(codes[0].value)
        self.client.on_connect = lambda client, data, flags, code, properties: connected.put(code.value)
        self.client.on_disconnect = lambda client, data, flags, code, properties: self.ended.put(True)
        self.client.connect(options.host, options.port, keepalive=40)
        self.client.loop_start()
        connected.get(timeout=PATIENCE)
        self.client.subscribe(SHARED, qos=1)
        self.granted = granted.get(timeout=PATIENCE)

    def stop(self):
        self.client.loop_stop()


def shared(data, devices):
    """How many of the messages each got, and all of them."""
    for number in range(10):
        data.publish(topic="plant/1", qos=1, payload=f"{number}".encode())
    texts, counts = [], [0] * len(devices)
    until = time.monotonic() + PATIENCE
    while len(texts) < 10 and time.monotonic() < until:
        for place, device in enumerate(devices):
            try:
                texts.append(device.received.get(timeout=0.05)[1])
                counts[place] += 1
            except queue.Empty:
                pass
    return {"all": sorted(texts), "each_got_some": all(counts)}


def direct(data, device, client_id):
    answer = data.send_direct_message(
        clientId=client_id,
        topic="to/you",
        confirmation=True,
        payload=b"hello",
        userProperties=json.dumps([{"unit": "bar"}]),
        contentType="text/plain",
    )
    return {"message": answer["message"], "received": list(device.received.get(timeout=PATIENCE))}


def refused(data, call):
    try:
        call()
        return None
    except data.exceptions.ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    options = parser.parse_args()
    data = boto3.client("iot-data")
    aws, paho = AwsDevice(options), PahoDevice(options)
    found = {"granted": [aws.granted, paho.granted], "shared": shared(data, [aws, paho])}
    for client_id, device in (("aws", aws), ("paho", paho)):
        known = data.get_connection(clientId=client_id, includeSocketInformation=True)
        listed = data.list_subscriptions(clientId=client_id, maxResults=1)
        found[client_id] = {
            "connected": known["connected"],
            "clean": known["cleanSession"],
            "keep_alive": known["keepAliveDuration"],
            "source": known["sourceIp"],
            "target": known["targetPort"] == options.port,
            "subscriptions": listed["subscriptions"],
            "direct": direct(data, device, client_id),
        }
    data.delete_connection(clientId="paho", preventWillMessage=True)
    found["paho"]["ended"] = paho.ended.get(timeout=PATIENCE)
    known = data.get_connection(clientId="paho")
    found["paho"]["gone"] = [known["connected"], known["disconnectReason"]]
    paho.stop()
    # Its will was prevented: what comes to the only member is this message.
    data.publish(topic="plant/1", qos=1, payload=b"last")
    found["last"] = list(aws.received.get(timeout=PATIENCE))
    data.delete_connection(clientId="aws", cleanSession=True)
    found["aws"]["ended"] = aws.ended.get(timeout=PATIENCE)
    # The SDK comes back by itself.
    found["aws"]["back"] = aws.connected.get(timeout=PATIENCE)
    aws.stop()
    found["refused"] = {
        "nobody": refused(data, lambda: data.get_connection(clientId="nobody")),
        "offline": refused(data, lambda: data.send_direct_message(clientId="paho", topic="a", payload=b"x")),
        "reserved": refused(data, lambda: data.send_direct_message(clientId="aws", topic="$aws/x", payload=b"x")),
    }
    print(json.dumps(found))


main()
