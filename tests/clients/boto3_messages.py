"""boto3 and the service `iot-data`: publishes messages and looks at what is retained. Prints one JSON object."""

import argparse
import json

import boto3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--topic", required=True)
    parser.add_argument("--count", type=int, default=0, help="messages of QoS 1 to publish")
    parser.add_argument("--retained", action="store_true")
    options = parser.parse_args()
    data = boto3.client("iot-data")
    statuses = set()
    for number in range(options.count):
        answer = data.publish(topic=options.topic, qos=1, payload=f"{number}".encode())
        statuses.add(answer["ResponseMetadata"]["HTTPStatusCode"])
    found = {"statuses": sorted(statuses)}
    if options.retained:
        found.update(retained(data, options.topic))
    print(json.dumps(found))


def retained(data, topic):
    properties = json.dumps([{"deviceName": "alpha"}, {"deviceCnt": "45"}])
    data.publish(
        topic=topic,
        qos=1,
        retain=True,
        payload=b"\x00\xff",
        userProperties=properties,
        payloadFormatIndicator="UNSPECIFIED_BYTES",
        contentType="application/octet-stream",
        responseTopic="re/ply",
        correlationData="AAE=",
        messageExpiry=3600,
    )
    message = data.get_retained_message(topic=topic)
    topics = [it for page in data.get_paginator("list_retained_messages").paginate() for it in page["retainedTopics"]]
    data.publish(topic=topic, retain=True)
    try:
        data.get_retained_message(topic=topic)
        gone = None
    except data.exceptions.ResourceNotFoundException as error:
        gone = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return {
        "payload": list(message["payload"]),
        "qos": message["qos"],
        "modified": message["lastModifiedTime"],
        "properties": json.loads(message["userProperties"]),
        "topics": [{key: it[key] for key in ("topic", "payloadSize", "qos")} for it in topics],
        "gone": gone,
    }


if __name__ == "__main__":
    main()
