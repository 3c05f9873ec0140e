"""Webhooks: other programs are told of what happened, from an outbox and signed.

What is sent follows Standard Webhooks (standardwebhooks.com): the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`.
"""
