"""Tissues as small integers, used by anatomy, lesions and signal."""

AIR = 0
SKIN = 1
FAT = 2  # under the skin and between muscles
SEPTUM = 3  # fibrous strands in fat, fascia
JOINT_FAT = 4  # Hoffa's fat pad, prefemoral fat, fat of the notch: inside the capsule
MUSCLE = 5
CORTEX = 6
MARROW = 7
SCAR = 8  # physeal scar
CARTILAGE = 9
MENISCUS = 10
LIGAMENT = 11  # ligaments and tendons
FLUID = 12
SYNOVIUM = 13
ARTERY = 14
VEIN = 15
NERVE = 16
# in lesions and variants only
OEDEMA = 17  # oedema of marrow or soft tissue
TORN_MENISCUS = 18
WORN_MENISCUS = 19  # mucoid degeneration inside a meniscus
TORN_LIGAMENT = 20
MUCOID_LIGAMENT = 21
RED_MARROW = 22
FILM = 23  # joint fluid and synovium in a layer thinner than a pixel

DEEP_CARTILAGE = 24  # cartilage near the bone, where fibres are radial and T2 is short

N_TISSUES = 25
