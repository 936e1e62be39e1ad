"""What do I see?"""
