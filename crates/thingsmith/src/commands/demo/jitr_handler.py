"""Decides about devices that registered themselves: what the factory made becomes a thing, the rest is revoked."""

import json
import pathlib

import boto3

# What the factory says that it made: the name of each device by the id of its certificate.
ALLOWED = json.loads(pathlib.Path(__file__).with_name("allow_list.json").read_text())

iot = boto3.client("iot")


def handler(event, context):
    certificate_id = event["certificateId"]
    found = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    name = ALLOWED.get(certificate_id)
    if name is None:
        iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
        return {"refused": certificate_id}
    iot.create_thing(thingName=name, attributePayload={"attributes": {"registered": "just-in-time"}})
    iot.attach_policy(policyName="device-checked", target=found["certificateArn"])
    iot.attach_thing_principal(thingName=name, principal=found["certificateArn"])
    iot.update_certificate(certificateId=certificate_id, newStatus="ACTIVE")
    return {"registered": name}
