"""Makes topic rules with boto3 and prints what came of it as JSON. The rule `chain` is left: it republishes what is warm."""

import argparse
import json

import boto3
from botocore.exceptions import ClientError


def refusal(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]
    return None


def role(iam):
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"},
             "Version": "2012-10-17"}
    made = iam.create_role(RoleName="rule", AssumeRolePolicyDocument=json.dumps(trust))
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}}
    iam.put_role_policy(RoleName="rule", PolicyName="rule", PolicyDocument=json.dumps(document))
    return made["Role"]["Arn"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--url", required=True)
    url = arguments.parse_args().url
    iot = boto3.client("iot")
    arn = role(boto3.client("iam"))
    republish = [{"republish": {"roleArn": arn, "topic": "warm/${topic(2)}", "qos": 1}}]
    payload = {
        "sql": "SELECT temperature AS t FROM 'line/+/data' WHERE temperature > 20",
        "awsIotSqlVersion": "2016-03-23",
        "actions": republish,
        "ruleDisabled": True,
    }
    iot.create_topic_rule(ruleName="chain", topicRulePayload=payload, tags="line=4")
    read = iot.get_topic_rule(ruleName="chain")
    iot.enable_topic_rule(ruleName="chain")
    enabled = iot.get_topic_rule(ruleName="chain")["rule"]["ruleDisabled"]
    pages = iot.get_paginator("list_topic_rules").paginate(PaginationConfig={"PageSize": 1})
    listed = [rule["ruleName"] for page in pages for rule in page["rules"]]
    iot.create_topic_rule(ruleName="other", topicRulePayload={"sql": "SELECT *", "actions": []})
    iot.replace_topic_rule(ruleName="other", topicRulePayload={"sql": "SELECT * FROM 'a'", "actions": republish})
    iot.disable_topic_rule(ruleName="other")
    replaced = iot.get_topic_rule(ruleName="other")["rule"]
    iot.delete_topic_rule(ruleName="other")
    configuration = {"httpUrlConfiguration": {"confirmationUrl": url}}
    made = iot.create_topic_rule_destination(destinationConfiguration=configuration)["topicRuleDestination"]
    iot.update_topic_rule_destination(arn=made["arn"], status="DISABLED")
    status = iot.get_topic_rule_destination(arn=made["arn"])["topicRuleDestination"]["status"]
    destinations = len(iot.list_topic_rule_destinations()["destinationSummaries"])
    iot.delete_topic_rule_destination(arn=made["arn"])
    print(json.dumps({
        "arn": read["ruleArn"],
        "sql": read["rule"]["sql"],
        "actions": read["rule"]["actions"] == republish,
        "disabled": [read["rule"]["ruleDisabled"], enabled, replaced["ruleDisabled"]],
        "tags": iot.list_tags_for_resource(resourceArn=read["ruleArn"])["tags"],
        "listed": listed,
        "created_is_a_date": read["rule"]["createdAt"].year > 2000,
        "replaced": replaced["sql"],
        "made": made["status"],
        "status": status,
        "destinations": destinations,
        "gone": refusal(iot.get_topic_rule, ruleName="other"),
        "gone_destination": refusal(iot.get_topic_rule_destination, arn=made["arn"]),
        "taken": refusal(iot.create_topic_rule, ruleName="chain", topicRulePayload=payload),
        "wrong": refusal(iot.create_topic_rule, ruleName="wrong", topicRulePayload={"sql": "SELEC", "actions": []}),
        "token": refusal(iot.confirm_topic_rule_destination, confirmationToken="1-00"),
    }))


main()
