"""The owner of a fleet with boto3. What is to be made comes as JSON: functions, templates of fleet provisioning with their
hooks, and a signing request for the claim; prints the claim's certificate."""

import io
import json
import sys
import zipfile

import boto3


def trust(service):
    """A role's trust in a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def policy(*statements):
    """A policy that allows actions on resources."""
    allow = [{"Effect": "Allow", "Action": actions, "Resource": resources} for actions, resources in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allow})


def template(policy_name):
    """Names a thing after the serial number."""
    return {
        "Parameters": {"SerialNumber": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "SerialNumber"}]]}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy_name}},
        },
    }


def make_functions(wanted):
    """Makes functions and tries each once, so that one is ready when a device waits for it."""
    role = boto3.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    functions = boto3.client("lambda")
    for name, new in wanted.items():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in new["files"].items():
                archive.writestr(path, text)
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            Timeout=60,
            MemorySize=256,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        for number, source in enumerate(new["sources"]):
            functions.add_permission(
                FunctionName=name,
                StatementId=f"iot-{number}",
                Action="lambda:InvokeFunction",
                Principal="iot.amazonaws.com",
                SourceArn=source,
            )
        functions.invoke(FunctionName=name, Payload=b"{}")


def make_fleet(templates, request):
    """Makes templates, which may have hooks, and an active claim that may use them."""
    iam, iot = boto3.client("iam"), boto3.client("iot")
    role = iam.create_role(RoleName="fleet", AssumeRolePolicyDocument=trust("iot.amazonaws.com"))
    iam.attach_role_policy(
        RoleName="fleet", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"
    )
    iot.create_policy(policyName="devices", policyDocument=policy(("iot:*", "*")))
    for name, hook in templates.items():
        more = {"preProvisioningHook": {"targetArn": hook}} if hook else {}
        iot.create_provisioning_template(
            templateName=name,
            enabled=True,
            provisioningRoleArn=role["Role"]["Arn"],
            templateBody=json.dumps(template("devices")),
            **more,
        )
    topics = ["certificates/create/*", "certificates/create-from-csr/*", "provisioning-templates/*"]
    arns = {kind: [f"arn:aws:iot:*:*:{kind}/$aws/{topic}" for topic in topics] for kind in ("topic", "topicfilter")}
    may = policy(
        ("iot:Connect", "*"),
        (["iot:Publish", "iot:Receive"], arns["topic"]),
        ("iot:Subscribe", arns["topicfilter"]),
    )
    iot.create_policy(policyName="claim", policyDocument=may)
    claim = iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=True)
    iot.attach_policy(policyName="claim", target=claim["certificateArn"])
    return {"id": claim["certificateId"], "pem": claim["certificatePem"]}


def main():
    wanted = json.loads(sys.argv[1])
    if wanted.get("functions"):
        make_functions(wanted["functions"])
    made = make_fleet(wanted["templates"], wanted["claim"]) if "claim" in wanted else {}
    print(json.dumps(made))


main()
