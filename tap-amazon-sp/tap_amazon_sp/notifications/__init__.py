"""Being told when a report is done: Amazon's notifications from a queue of SQS.

- `messages`       what a message says (pure)
- `inbox`          the messages that are held until their result is in the state (pure)
- `queue`          the queue of SQS; the only module that needs boto3
- `policy`         whether a queue lets Amazon send to it (pure)
- `listener`       takes messages in while a run waits, and hands the news to the engine
- `subscriptions`  destinations and subscriptions at Amazon, for the command
- `settings`       the setting `notifications`
"""
