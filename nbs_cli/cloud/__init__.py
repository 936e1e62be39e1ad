"""What leaves the machine?"""
