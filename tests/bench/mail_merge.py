#!/usr/bin/python3
"""What tests/bench/batch measures mysend against: the loop that people write around csv, jinja2 and smtplib.

usage: mail_merge.py TABLE TEMPLATE [HOST:PORT [MAILS]]		without a relay only the messages are made
"""
import csv
import email
import email.policy
import email.utils
import smtplib
import sys

import jinja2


def messages(table, template):
    with open(template, encoding="utf-8") as text:
        made = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True).from_string(text.read())
    with open(table, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield email.message_from_string(made.render(row), policy=email.policy.SMTP)


def main():
    table, template, relay, most = (sys.argv[1:] + ["", ""])[:4]
    host, _, port = relay.partition(":")
    client = smtplib.SMTP(host, int(port)) if relay else None
    for number, message in enumerate(messages(table, template)):
        if most and number >= int(most):
            break
        to = [address for _, address in email.utils.getaddresses(message.get_all("to", []))]
        message["Date"], message["Message-ID"] = email.utils.formatdate(), email.utils.make_msgid(domain="example.org")
        octets = message.as_bytes()
        if client:
            client.sendmail("alice@example.org", to, octets)
    if client:
        client.quit()


main()
