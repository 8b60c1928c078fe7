"""What a person does with conversations, without a screen."""
