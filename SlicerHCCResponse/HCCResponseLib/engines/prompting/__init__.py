"""The prompt network kept ready: a process that waits for a reader's lines and clicks and answers with contours."""
