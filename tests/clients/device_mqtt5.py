"""A device that speaks MQTT 5, on the AWS IoT Device SDK v2 or on Paho: subscribes, publishes a message with properties
to itself, and tries what its policy does not allow. It prints a line of JSON for each thing that happens.
"""

import argparse
import json
import queue
import sys

PATIENCE = 30
PROPERTIES = [("unit", "bar"), ("unit", "psi")]


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class AwsDevice:
    """The MQTT 5 client of the AWS IoT Device SDK v2."""

    def __init__(self, options):
        from awscrt import mqtt5
        from awsiot import mqtt5_client_builder

        self.mqtt5 = mqtt5
        self.received = queue.Queue()
        self.outcomes = queue.Queue()
        self.stopped = queue.Queue()
        self.client = mqtt5_client_builder.mtls_from_path(
            endpoint=options.host,
            port=options.port,
            ca_filepath=options.ca,
            cert_filepath=options.cert,
            pri_key_filepath=options.key,
            client_id=options.client_id,
            on_publish_received=lambda data: self.received.put(data.publish_packet),
            on_lifecycle_connection_success=lambda data: self.outcomes.put((True, data.negotiated_settings)),
            on_lifecycle_connection_failure=lambda data: self.outcomes.put((False, data.connack_packet)),
            on_lifecycle_stopped=lambda data: self.stopped.put(True),
        )

    def connect(self):
        self.client.start()
        connected, data = self.outcomes.get(timeout=PATIENCE)
        if not connected:
            self.client.stop()
            return data.reason_code.value if data else None, {}
        return 0, {
            "maximum_qos": data.maximum_qos.value,
            "receive_maximum": data.receive_maximum_from_server,
            "maximum_packet_size": data.maximum_packet_size_to_server,
            "topic_alias_maximum": data.topic_alias_maximum_to_server,
            "retain_available": data.retain_available,
            "subscription_identifiers_available": data.subscription_identifiers_available,
        }

    def subscribe(self, topic):
        subscription = self.mqtt5.Subscription(topic_filter=topic, qos=self.mqtt5.QoS.AT_LEAST_ONCE)
        packet = self.mqtt5.SubscribePacket(subscriptions=[subscription])
        return self.client.subscribe(packet).result(PATIENCE).reason_codes[0].value

    def publish(self, topic, payload):
        packet = self.mqtt5.PublishPacket(
            topic=topic,
            payload=payload,
            qos=self.mqtt5.QoS.AT_LEAST_ONCE,
            content_type="text/plain",
            response_topic="pump/answers",
            correlation_data=b"7",
            message_expiry_interval_sec=600,
            user_properties=[self.mqtt5.UserProperty(name=name, value=value) for name, value in PROPERTIES],
        )
        return self.client.publish(packet).result(PATIENCE).puback.reason_code.value

    def message(self):
        packet = self.received.get(timeout=PATIENCE)
        return {
            "topic": packet.topic,
            "payload": packet.payload.decode(),
            "content_type": packet.content_type,
            "response_topic": packet.response_topic,
            "correlation_data": packet.correlation_data,
            "expires": 0 < packet.message_expiry_interval_sec <= 600,
            "user_properties": [[one.name, one.value] for one in packet.user_properties],
        }

    def disconnect(self):
        self.client.stop()
        self.stopped.get(timeout=PATIENCE)


class PahoDevice:
    """Eclipse Paho, MQTT 5."""

    def __init__(self, options):
        import paho.mqtt.client as paho
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        self.options = options
        self.make_properties = lambda: Properties(PacketTypes.PUBLISH)
        self.received = queue.Queue()
        self.granted = queue.Queue()
        self.acknowledged = queue.Queue()
        self.connected = queue.Queue()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, options.client_id, protocol=paho.MQTTv5)
        self.client.tls_set(options.ca, options.cert, options.key)
        self.client.on_message = lambda client, data, message: self.received.put(message)
        self.client.on_subscribe = lambda client, data, mid, codes, properties: self.granted.put(codes[0].value)
        self.client.on_publish = lambda client, data, mid, code, properties: self.acknowledged.put(code.value)
        self.client.on_connect = lambda client, data, flags, code, properties: self.connected.put((code, properties))

    def connect(self):
        self.client.connect(self.options.host, self.options.port, keepalive=30)
        self.client.loop_start()
        code, properties = self.connected.get(timeout=PATIENCE)
        if code.value != 0:
            self.client.loop_stop()
            return code.value, {}
        return 0, {
            "maximum_qos": properties.MaximumQoS,
            "receive_maximum": properties.ReceiveMaximum,
            "maximum_packet_size": properties.MaximumPacketSize,
            "topic_alias_maximum": properties.TopicAliasMaximum,
            "retain_available": bool(properties.RetainAvailable),
            "subscription_identifiers_available": bool(properties.SubscriptionIdentifierAvailable),
        }

    def subscribe(self, topic):
        self.client.subscribe(topic, qos=1)
        return self.granted.get(timeout=PATIENCE)

    def publish(self, topic, payload):
        properties = self.make_properties()
        properties.ContentType = "text/plain"
        properties.ResponseTopic = "pump/answers"
        properties.CorrelationData = b"7"
        properties.MessageExpiryInterval = 600
        properties.UserProperty = PROPERTIES
        self.client.publish(topic, payload, qos=1, properties=properties)
        return self.acknowledged.get(timeout=PATIENCE)

    def message(self):
        message = self.received.get(timeout=PATIENCE)
        properties = message.properties
        return {
            "topic": message.topic,
            "payload": message.payload.decode(),
            "content_type": properties.ContentType,
            "response_topic": properties.ResponseTopic,
            "correlation_data": properties.CorrelationData.decode(),
            "expires": 0 < properties.MessageExpiryInterval <= 600,
            "user_properties": [list(pair) for pair in properties.UserProperty],
        }

    def disconnect(self):
        self.client.disconnect()
        self.client.loop_stop()


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
    options = parser.parse_args()

    device = (AwsDevice if options.sdk == "aws" else PahoDevice)(options)
    code, settings = device.connect()
    if code != 0:
        say("refused", code=code)
        sys.exit(1)
    say("connected", **settings)
    say("subscribed", code=device.subscribe(options.topic))
    say("subscribed", code=device.subscribe("elsewhere/#"))
    say("published", code=device.publish(options.topic, "one"))
    say("received", **device.message())
    say("published", code=device.publish("elsewhere/inbox", "two"))
    # The connection is still there.
    say("published", code=device.publish(options.topic, "three"))
    say("received", **device.message())
    device.disconnect()
    say("disconnected")


main()
