"""The invented company Havuvakka: its messages, its people, its weeks, its live traffic."""
