"""Stacks: from pixels to levels and regions, where counting begins."""
