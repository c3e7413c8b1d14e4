"""Runs in nnU-Net's environment: writes a tiny results folder with nnU-Net's own classes, and its own prediction.

``python make_nnunet.py results FOLDER`` makes plans, description and one random checkpoint.
``python make_nnunet.py constant FOLDER TRAINER CLASSES VALUE`` makes one whose answer is VALUE everywhere.
``python make_nnunet.py predict FOLDER INPUT_FOLDER OUTPUT_FOLDER`` lets nnU-Net itself predict from files.
"""

import json
import os
import sys
from pathlib import Path

for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ.setdefault(name, "/tmp")

import torch  # noqa: E402
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: E402
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: E402
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: E402


def plans(configuration):
    properties = {"max": 300.0, "mean": 50.0, "median": 50.0, "min": -100.0}
    properties |= {"percentile_00_5": -100.0, "percentile_99_5": 300.0, "std": 80.0}
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": 2,
            "features_per_stage": [4, 8],
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[3, 3, 3], [3, 3, 3]],
            "strides": [[1, 1, 1], [2, 2, 2]],
            "n_conv_per_stage": [1, 1],
            "n_conv_per_stage_decoder": [1],
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    resample = "resample_data_or_seg_to_shape"
    orders = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    return {
        "dataset_name": "Dataset900_Tiny",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [2.5, 0.8, 0.9],
        "original_median_shape_after_transp": [16, 32, 32],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": properties},
        "configurations": {
            configuration: {
                "data_identifier": "nnUNetPlans_3d_fullres",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 2,
                "patch_size": [16, 16, 16],
                "median_image_size_in_voxels": [16.0, 32.0, 32.0],
                "spacing": [2.5, 1.0, 1.0],
                "normalization_schemes": ["CTNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": resample,
                "resampling_fn_seg": resample,
                "resampling_fn_data_kwargs": orders,
                "resampling_fn_seg_kwargs": {**orders, "is_seg": True, "order": 1},
                "resampling_fn_probabilities": resample,
                "resampling_fn_probabilities_kwargs": {**orders, "order": 1},
                "architecture": architecture,
                "batch_dice": False,
            }
        },
    }


def write(folder, trainer, labels, configuration, change):
    made = plans(configuration)
    description = {"channel_names": {"0": "CT"}, "labels": labels, "numTraining": 1, "file_ending": ".nii.gz"}
    (folder / "fold_0").mkdir(parents=True)
    for name, content in (("plans.json", made), ("dataset.json", description)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    manager = PlansManager(made)
    torch.manual_seed(5)
    network = nnUNetTrainer.build_network_architecture(
        manager, manager.get_configuration(configuration), 1, len(labels), enable_deep_supervision=False
    )
    with torch.no_grad():
        change(network)
    checkpoint = {
        "network_weights": network.state_dict(),
        "trainer_name": trainer,
        "init_args": {"configuration": configuration, "plans": made, "dataset_json": description, "fold": 0},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    torch.save(checkpoint, folder / "fold_0" / "checkpoint_final.pth")


def constant(value):
    def change(network):
        layer = network.decoder.seg_layers[-1]
        layer.weight.zero_()
        layer.bias.zero_()
        layer.bias[value] = 10

    return change


def predict(folder, source, target):
    predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False, allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), (0,))
    predictor.predict_from_files(
        str(source), str(target), num_processes_preprocessing=1, num_processes_segmentation_export=1
    )


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "results":
        labels = {"background": 0, "liver": 1, "liver tumor": 2}
        write(folder, "nnUNetTrainer", labels, "3d_fullres", lambda network: None)
    elif what == "constant":
        trainer, classes, value = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
        labels = {"background": 0, **{f"class {i}": i for i in range(1, classes + 1)}}
        write(folder, trainer, labels, folder.name.split("__")[2], constant(value))
    else:
        predict(folder, sys.argv[3], sys.argv[4])
