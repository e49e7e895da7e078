"""«Ответы»: what students write to the bot, as conversations, and our answers to them."""
