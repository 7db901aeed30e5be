"""Words that may be passed on from a header; everything else in it is "other"."""

from __future__ import annotations

OTHER = "other"
"""What stands for text that is none of the known words."""


def _list(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODEL_WORDS = _list(
    # Siemens
    "magnetom aera altea amira avanto biograph concerto cima essenza espree free harmony impact "
    "lumina mmr prisma sempra skyra sola sonata spectra symphony terra tim triotim trio verio vida "
    "vision "
    # GE
    "signa architect artist brivo creator discovery excite explorer genesis hd hdx hdxt hde "
    "horizon infinity lx mr355 mr360 mr430s mr450 mr450w mr750 mr750w openspeed optima pet pioneer "
    "premier profile voyager "
    # Philips
    "achieva ambition dstream elition gyroscan ingenia intera multiva panorama prodiva "
    # Canon, Toshiba, Hitachi, Fujifilm, Esaote, United Imaging
    "elan excelart galan orian titan vantage airis aperto altaire echelon oasis oval velocity scan "
    "umr 550 560 570 580 588 670 680 770 780 790 870 880 890 omega mr mri"
)
"""Words of the names of scanners, in lower case."""

DESCRIPTION_WORDS = _list(
    "t1 t1w t2 t2w pd pdw dp dpw stir tirm tse fse se gre ge ir dess fiesta trufi cube space vista "
    "mprage vibe flash medic merge fs fatsat fat sat spair spir supp suppression nfs dixon ideal "
    "water w in out opp chess propeller blade multivac drive ax axial axiale tra trans transverse "
    "cor coronal coronale kor sag sagittal sagittale obl oblique knee knie genou ginocchio rodilla "
    "joelho acl pcl meniscus cartilage tmap 2d 3d iso mpr mip rec reformat loc localizer localiser "
    "scout survey calibration left right lt rt l r li re links rechts high res hr hires thin fast "
    "quick motion gd contrast post pre"
)
"""Words of the descriptions of series and protocols, in lower case."""

KNEE_WORDS = _list(
    "knee knie genou rodilla joelho ginocchio leg legs extremity lowerextremity lower limb joint "
    "jointknee tibia femur patella thigh calf ankle foot hip shoulder elbow wrist hand spine head "
    "brain pelvis abdomen chest"
)
"""Words of BodyPartExamined, in lower case."""

_SETS = "6 13 58 87 100 101 109 110 126 127 138 144 148 149 159 166 192 203"

CHARACTER_SETS = frozenset(
    [f"{kind} {n}" for kind in ("ISO_IR", "ISO 2022 IR") for n in _SETS.split()]
    + ["GB18030", "GBK"]
)
"""Character sets of DICOM."""

TERMS = {
    "sequence": _list("SE IR GR EP RM SK MTC SS TRSS SP MP OSP NONE"),
    "acquisition": _list("1D 2D 3D 4D"),
    "scan_options": _list(
        "PER RG CG PPG FC PFF PFP SP FS CT NONE ACC_GEMS CCOMP_GEMS CL_GEMS EDR_GEMS EPI_GEMS "
        "FAST_GEMS FC_FREQ_AX_GEMS FC_SLICE_AX_GEMS FC FILTERED_GEMS FR_GEMS FSA_GEMS FSI_GEMS "
        "FSL_GEMS FSP_GEMS FSR_GEMS FSS_GEMS FS_GEMS FS_OPTION HYPERSENSE_GEMS IFLOW_GEMS MP_GEMS "
        "NPW_GEMS NPWRAP_GEMS PFF_GEMS PFP_GEMS PROP_GEMS RG_GEMS RT_GEMS SAT1 SAT2 SAT_GEMS SEQ "
        "SEQ_GEMS SP_GEMS SS_GEMS T2FLAIR_GEMS TRF_GEMS VASCTOF_GEMS VB_GEMS XL_GEMS ZIP1024 "
        "ZIP2_GEMS ZIP4_GEMS ZIP512 ZIP512_GEMS IR IR_GEMS SINC_NORM TOPUP WE DIXON"
    ),
    "image_type": _list(
        "ORIGINAL DERIVED PRIMARY SECONDARY M P R I OTHER M_FFE M_SE M_IR M_PCA FFE SE IR ND NORM "
        "DIS2D DIS3D FM FM2 FM3 FM4 FIL MFSPLIT SH SHARP UNI MPR REFORMATTED PROJECTION IMAGE "
        "RESAMPLED LOCALIZER MIXED WATER FAT IN_PHASE OUT_PHASE W F DIXON PFP COMBINED COMPRESSED "
        "DRS DRG ACC DRB FSE PROPELLER NONE PROTON_DENSITY T1 T2"
    ),
    "position": _list("HFS HFP HFDL HFDR FFS FFP FFDL FFDR LFP LFS RFP RFS AFDL AFDR AFP AFS PFS"),
    "photometric": _list("MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT")
    | {"PALETTE COLOR"},
}
"""Words of the columns of listed terms, in upper case."""

PLACEHOLDERS = _list(
    "anon anonym anonyme anonymised anonymized anonymous deidentified deidentify id na name none "
    "null patient patientid removed sample subject test unknown"
)
"""Texts that stand for nothing, and may be in all files of a set."""
