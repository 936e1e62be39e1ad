"""What stays on the machine?"""
