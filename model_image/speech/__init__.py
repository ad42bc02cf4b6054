"""Call recordings -> text with speaker turns, times and what was not talk.

bytes ─ audio ─▶ samples ─ resample ─▶ 16 kHz ─ activity ─▶ spans ─ windows ─▶ whisper ─▶ turns
                                                  └ voice: where somebody talks
"""
